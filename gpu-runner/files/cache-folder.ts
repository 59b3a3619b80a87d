/** The folder in which converted models and everything else of a runner is kept, made and tried before anything is. */
import { constants } from 'node:fs';
import { access, mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { hasCode, messageOf } from '../../shared/caught.ts';
import { UserError } from '../../shared/user-error.ts';

/** The cache folder cannot be made or written to. */
export class CacheFolderError extends UserError {
  override readonly name = 'CacheFolderError';
  override readonly code = 'bad-cache-folder';
}

/**
 * Makes the folder with those above it, one by one: Node's recursive mkdir never returns from some places, such as /proc.
 *
 * @throws CacheFolderError naming the folder, the fault and the cure
 */
export async function openCacheFolder(folder: string): Promise<void> {
  try {
    const missing: string[] = [];
    for (let at = path.resolve(folder); !(await isThere(at)); at = path.dirname(at)) missing.unshift(at);
    for (const one of missing) await makeUnlessThere(one);
    await access(folder, constants.W_OK);
  } catch (error) {
    throw new CacheFolderError(`the cache folder ${folder} cannot be used (${messageOf(error)})`, {
      cure: 'Set RLCD_CACHE to a folder that can be made and written to',
      cause: error,
    });
  }
}

async function isThere(folder: string): Promise<boolean> {
  try {
    await stat(folder);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR')) return false;
    throw error;
  }
}

/** Another process may be making it, too. */
async function makeUnlessThere(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  }
}
