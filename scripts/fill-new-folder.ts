/** Makes a folder that someone named on a command line: beside its place, and moved there when it is whole. */
import { mkdtemp, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from './make-folder.ts';
import { hasCode } from '../shared/caught.ts';
import { UsageError } from '../shared/command-line/usage-error.ts';

/** Before long work whose result goes there. @throws UsageError where something is there already */
export async function requireNewFolder(out: string): Promise<void> {
  try {
    if ((await readdir(out)).length === 0) return;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    if (!hasCode(error, 'ENOTDIR')) throw error;
  }
  throw new UsageError(`--out ${out} is there already and not an empty folder: name another`);
}

/**
 * @param out a path from the root; {@link requireNewFolder} has seen it
 * @param fill writes into the empty folder that it is given; where it throws, nothing stays behind
 */
export async function fillNewFolder(out: string, fill: (folder: string) => Promise<void>): Promise<void> {
  await makeFolder(dirname(out));
  const partial = await mkdtemp(`${out}.partial-`);
  try {
    await fill(partial);
    await rmdir(out).catch((error: unknown) => {
      if (!hasCode(error, 'ENOENT')) throw error;
    });
    await rename(partial, out);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}
