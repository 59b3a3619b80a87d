/** Files beside base.bin that hold its weights in another form. */
import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { hasCode } from '../../../../shared/caught.ts';

/**
 * Writes a file of this length unless it is there: under another name until it is whole, so that nobody reads half of it.
 *
 * @param write what stands in it; the rest up to `length` is zeros
 */
export async function derivedFile(
  file: string,
  length: number,
  write: (target: FileHandle) => Promise<void>,
): Promise<void> {
  if (await hasLength(file, length)) return;
  const partial = `${file}.partial-${randomUUID()}`;
  try {
    const target = await open(partial, 'wx');
    try {
      await target.truncate(length);
      await write(target);
      await target.sync();
    } finally {
      await target.close();
    }
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/** Writes all of the bytes at their place. */
export async function writeAt(target: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const { bytesWritten } = await target.write(bytes, written, bytes.length - written, offset + written);
    written += bytesWritten;
  }
}

async function hasLength(file: string, length: number): Promise<boolean> {
  try {
    return (await stat(file)).size === length;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}
