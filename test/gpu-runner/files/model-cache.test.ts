/** What is kept of models stays within its limit: the longest unused goes first, and never what somebody uses. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { ModelCache } from '../../../gpu-runner/files/model-cache.ts';
import { temporaryFolder } from '../llama/weights/made-up-checkpoint.ts';

const MODULE = new URL('../../../gpu-runner/files/model-cache.ts', import.meta.url).href;

let directory: string;
let cache: ModelCache;

beforeEach(() => {
  directory = temporaryFolder();
  cache = new ModelCache(directory, { RLCD_CACHE_LIMIT_GB: '0.00001' });
});

/** A model of 4,000 bytes, used so many seconds ago; three do not fit. */
function keep(kind: 'hub' | 'bases' | 'cuda', name: string, age: number): void {
  const folder = cache.folderOf(kind, name);
  mkdirSync(path.join(folder, 'below'), { recursive: true });
  writeFileSync(path.join(folder, 'below', 'file'), Buffer.alloc(4000));
  cache.use(kind, name)();
  const at = Date.now() / 1000 - age;
  utimesSync(path.join(directory, 'in-use', `${kind}-${name}`), at, at);
}

const kept = (): string[] =>
  ['hub', 'bases', 'cuda'].flatMap((kind) => {
    const folder = path.join(directory, kind);
    return existsSync(folder) ? readdirSync(folder).map((name) => `${kind}/${name}`) : [];
  });

test('the longest unused goes, whatever its form, and no more than must', async () => {
  keep('hub', 'old', 300);
  keep('bases', 'older', 400);
  await cache.makeRoom('cuda', 'new', 2000);
  expect(kept()).toEqual(['hub/old', 'bases/older']);
  await cache.makeRoom('cuda', 'new', 4000);
  expect(kept()).toEqual(['hub/old']);
  expect(existsSync(path.join(directory, 'dropped'))).toBe(false);
});

test('what is being written of a model goes with it, and counts', async () => {
  keep('bases', 'a', 300);
  mkdirSync(path.join(directory, 'bases', 'a.partial-x'));
  writeFileSync(path.join(directory, 'bases', 'a.partial-x', 'file'), Buffer.alloc(4000));
  keep('bases', 'b', 100);
  await cache.makeRoom('hub', 'new', 4000);
  expect(kept()).toEqual(['bases/b']);
});

test('what is used is kept, and the next goes', async () => {
  keep('hub', 'old', 300);
  keep('hub', 'newer', 100);
  const release = cache.use('hub', 'old');
  await cache.makeRoom('hub', 'new', 4000);
  expect(kept()).toEqual(['hub/old']);
  await expect(cache.makeRoom('hub', 'other', 7000)).rejects.toMatchObject({
    code: 'cache-full',
    message: expect.stringContaining(`${directory} keeps 0.0000100 GB of models at most; other takes`),
    cure: expect.stringContaining('RLCD_CACHE_LIMIT_GB'),
  });
  release();
  await cache.makeRoom('hub', 'other', 6000);
  expect(kept()).toEqual([]);
});

test('two downloads that begin at once do not exceed the limit together', async () => {
  const releases = [cache.use('hub', 'one'), cache.use('hub', 'two')];
  await cache.makeRoom('hub', 'one', 6000);
  await expect(cache.makeRoom('hub', 'two', 6000)).rejects.toThrow(
    'two takes 0.00000600 GB, and 0.00000600 GB are in use',
  );
  releases.forEach((release) => release());
  await cache.makeRoom('hub', 'two', 6000);
});

test('one that is larger than the limit is refused before anything goes', async () => {
  keep('hub', 'old', 300);
  await expect(cache.makeRoom('hub', 'large', 20_000)).rejects.toThrow('large takes 0.0000200 GB');
  expect(kept()).toEqual(['hub/old']);
});

test('another process holds what it uses until it ends, however it ends', async () => {
  keep('hub', 'old', 300);
  keep('hub', 'newer', 100);
  const program = `
    const { ModelCache } = await import(${JSON.stringify(MODULE)});
    new ModelCache(${JSON.stringify(directory)}).use('hub', 'old');
    process.stdout.write('held');
    setInterval(() => {}, 1000);`;
  const other = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(other.stdout, 'data');
  await cache.makeRoom('hub', 'new', 4000);
  expect(kept()).toEqual(['hub/old']);
  const exited = once(other, 'exit');
  other.kill('SIGKILL');
  await exited;
  await cache.makeRoom('hub', 'new', 9000);
  expect(kept()).toEqual([]);
});
