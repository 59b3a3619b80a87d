/** Thousands of decoding steps take no more memory than a few. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const run = promisify(execFile);

describe('sampling memory', () => {
  it('grows by less than 1 MB in 100 steps, over 2,000 steps of changing batches', async () => {
    const script = fileURLToPath(new URL('measure-rollouts.ts', import.meta.url));
    const { stdout } = await run(process.execPath, ['--expose-gc', script]);
    const megabytes = JSON.parse(stdout) as number[];
    expect(megabytes).toHaveLength(50);
    // Between the lowest of rollouts 15 to 25 and of the last ten, which are 25 rollouts or 1,000 steps apart.
    const growth = (Math.min(...megabytes.slice(-10)) - Math.min(...megabytes.slice(15, 25))) / 10;
    console.info(`${growth.toFixed(3)} MB per 100 steps, from ${megabytes[15]?.toFixed(1)} MB`);
    expect(growth).toBeLessThan(1);
  });
});
