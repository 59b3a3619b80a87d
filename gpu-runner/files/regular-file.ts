/** Opens model files: regular files alone, and no link that leads out of the model's folder. */
import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, realpath } from 'node:fs/promises';
import path from 'node:path';
import { ModelFileError } from './model-file-error.ts';

/** A file that is open for reading, and its size when it was opened. */
export interface OpenedFile {
  readonly handle: FileHandle;
  readonly bytes: number;
}

/**
 * Opens a regular file for reading; the caller closes it.
 *
 * What stands at the path is looked at before it is opened (opening a device or a queue may already do something), opened
 * so that nothing waits for a writer and no link is followed, and looked at again through the handle: it may have been
 * exchanged meanwhile. A link is followed where {@link modelTree} of its folder holds its target.
 *
 * @throws ModelFileError if it is absent, not a regular file, or a link out of its folder
 */
export async function openRegularFile(file: string, cure: string): Promise<OpenedFile> {
  let handle: FileHandle | undefined;
  try {
    const place = await placeOf(file);
    refuseSpecial(await lstat(place), file);
    handle = await open(place, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    const found = await handle.stat();
    refuseSpecial(found, file);
    return { handle, bytes: found.size };
  } catch (error) {
    await handle?.close();
    if (error instanceof ModelFileError) throw error;
    throw new ModelFileError(file, null, 'cannot be read', cure, { cause: error });
  }
}

/** The file itself, or where a link in its stead leads. */
async function placeOf(file: string): Promise<string> {
  const folder = await realpath(path.dirname(file));
  const own = path.join(folder, path.basename(file));
  if (!(await lstat(own)).isSymbolicLink()) return own;
  const place = await realpath(own);
  const tree = modelTree(folder);
  if (place.startsWith(tree.endsWith(path.sep) ? tree : `${tree}${path.sep}`)) return place;
  throw new ModelFileError(
    file,
    null,
    'is a link that leads out of the folder of the model',
    'Put the file itself there, or give the path that the link leads to',
  );
}

/**
 * The folder that the links of a model may lead into: its own, or, for a snapshot in the cache of the Hugging Face hub
 * (`models--owner--name/snapshots/revision`, whose files are links to `../../blobs`), all that the cache has of the model.
 */
function modelTree(folder: string): string {
  const parts = folder.split(path.sep);
  const snapshots = parts.lastIndexOf('snapshots');
  const isCache = snapshots > 0 && parts[snapshots - 1]?.startsWith('models--') === true;
  return isCache ? parts.slice(0, snapshots).join(path.sep) : folder;
}

function refuseSpecial(found: Stats, file: string): void {
  if (found.isFile()) return;
  throw new ModelFileError(
    file,
    null,
    `is ${kindOf(found)}, not a regular file`,
    'Put the file itself there',
  );
}

function kindOf(found: Stats): string {
  if (found.isDirectory()) return 'a folder';
  if (found.isFIFO()) return 'a named pipe';
  if (found.isSocket()) return 'a socket';
  return found.isSymbolicLink() ? 'a link' : 'a device';
}
