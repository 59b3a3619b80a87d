/** A thousand steps take no more memory than a few; the formula counts what its parts say. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { namedShapes } from '../../../../gpu-runner/llama/model/named-shapes.ts';
import { baseBytes, cpuStepBytes } from '../../../../shared/planner/model-bytes.ts';

const run = promisify(execFile);

describe('training memory', () => {
  it('grows by less than 1 MB in 100 steps, over 1,000 steps of changing shapes', async () => {
    const script = fileURLToPath(new URL('measure-steps.ts', import.meta.url));
    const { stdout } = await run(process.execPath, ['--expose-gc', script]);
    const megabytes = JSON.parse(stdout) as number[];
    expect(megabytes).toHaveLength(50);
    // Between the lowest of steps 300 to 500 and of the last 200, which are 500 steps apart.
    const growth = (Math.min(...megabytes.slice(-10)) - Math.min(...megabytes.slice(15, 25))) / 5;
    console.info(`${growth.toFixed(3)} MB per 100 steps, from ${megabytes[15]?.toFixed(1)} MB`);
    expect(growth).toBeLessThan(1);
  });

  it('is told by formula: proportional to tokens, with the 8-bit base as its file has it', () => {
    const size = { tokens: 16 * 128, time: 128, rank: 8 };
    const one = cpuStepBytes(namedShapes.m15, size);
    const two = cpuStepBytes(namedShapes.m15, { ...size, tokens: 32 * 128 });
    expect(two.activations).toBe(2 * one.activations);
    expect(two.vocabulary).toBe(one.vocabulary);
    // 15.2 million weights, and the tied embedding a second time in the layout of the output product.
    expect(baseBytes('cpu', namedShapes.m15) / 1e6).toBeCloseTo(24.75, 1);
    // Per token and layer: 4 * 288 + 5 * 288 + 3 * 768 + 6 * 128 + 7 * 8 = 5,720 numbers.
    expect(one.activations).toBe(4 * 2048 * 6 * 5720);
  });
});
