/** The runner's id: kept over restarts of one runner, never shared by two. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { openRunnerId } from '../../../gpu-runner/runner/runner-id.ts';

const folder = () => mkdtemp(path.join(tmpdir(), 'rlcd-runner-id-'));
const ID = '019ab0e7-6c00-4000-8000-000000000000';

async function heldBy(pid: number, host = hostname()): Promise<string> {
  const cache = await folder();
  await writeFile(path.join(cache, 'runner.json'), JSON.stringify({ id: ID, host, pid }));
  return cache;
}

describe('runner id', () => {
  it('is the same for one process that starts again', async () => {
    const cache = await folder();
    const first = await openRunnerId(cache);
    expect(await openRunnerId(cache)).toBe(first);
  });

  it('passes on from a runner that has ended', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    const cache = await heldBy(pid);
    expect(await openRunnerId(cache)).toBe(ID);
    const written = JSON.parse(await readFile(path.join(cache, 'runner.json'), 'utf8')) as object;
    expect(written).toEqual({ id: ID, host: hostname(), pid: process.pid });
  });

  it('is another one beside a runner that lives, or that may live elsewhere', async () => {
    const living = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    await once(living, 'spawn');
    try {
      expect(await openRunnerId(await heldBy(living.pid ?? 0))).not.toBe(ID);
    } finally {
      living.kill('SIGKILL');
    }
    expect(await openRunnerId(await heldBy(process.pid, 'another-machine'))).not.toBe(ID);
  });

  it('names a damaged file', async () => {
    const cache = await folder();
    await writeFile(path.join(cache, 'runner.json'), '{');
    await expect(openRunnerId(cache)).rejects.toThrow(/runner\.json is damaged: delete it/);
  });
});
