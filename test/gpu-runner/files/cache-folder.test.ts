/** The cache folder: made where it can be, and refused by name and with the cure where it cannot. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { CacheFolderError, openCacheFolder } from '../../../gpu-runner/files/cache-folder.ts';
import { importModel } from '../../../gpu-runner/llama/weights/import-model.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'rlcd-cache-folder-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('is made with the folders above it, also by several at a time, and may be there', async () => {
  const deep = path.join(folder, 'a', 'b', 'c');
  await Promise.all(Array.from({ length: 8 }, () => openCacheFolder(deep)));
  expect(existsSync(deep)).toBe(true);
  await openCacheFolder(deep);
});

it('below a file is refused before a model is read', async () => {
  const file = path.join(folder, 'file');
  writeFileSync(file, '');
  const cacheDirectory = path.join(file, 'cache');
  for (const open of [
    async () => await openCacheFolder(cacheDirectory),
    async () => await importModel(folder, { cacheDirectory }),
  ]) {
    // Begun here: a promise that is refused before anybody looks at it ends the whole run.
    const opening = open();
    await expect(opening).rejects.toThrow(CacheFolderError);
    await expect(opening).rejects.toThrow(
      /cache folder .*file\/cache cannot be used \(ENOTDIR.*Set RLCD_CACHE/s,
    );
  }
});

it.skipIf(!existsSync('/proc/self'))(
  'in a place that makes no folders is refused, and does not hang',
  async () => {
    await expect(openCacheFolder('/proc/nope/cache')).rejects.toThrow(/Set RLCD_CACHE/);
  },
);
