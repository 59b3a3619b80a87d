/** The weights of a base as unsigned bytes, in a file beside base.bin, for processors whose exact product takes them so. */
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { readExactly, withFile } from '../../../files/files.ts';
import type { BaseFile } from '../../weights/base-file.ts';
import { layoutLength, type TensorRegion } from '../../weights/base-layout.ts';
import { hasCode } from '../../../../shared/caught.ts';
import { derivedFile, writeAt } from './derived-file.ts';

export const UNSIGNED_FILE = 'base.unsigned.bin';

/** Smaller bases are not worth a second file: the engine makes their unsigned copies in memory while it loads. */
const SMALLEST = 8 << 20;
const BLOCK = 4 << 20;
/** s8 + 128 as u8 is the byte with its highest bit turned over, here four at a time. */
const HIGHEST_BITS = 0x80_80_80_80;

/** Faults of a folder that may be read but not written. */
const READ_ONLY = new Set(['EROFS', 'EACCES', 'EPERM']);

/** Whether sessions read this tensor as unsigned bytes: the weights of products. */
export function isUnsigned({ name, dtype }: TensorRegion): boolean {
  return dtype === 'int8' && name !== 'embedding.weight';
}

/**
 * Writes the file unless it is there. Its regions stand at the offsets of base.bin; what no product reads is left out.
 *
 * With it the engine maps the weights, packs them and keeps the packed form alone. Without it the engine turns them over
 * while it loads, and keeps that copy too. Where the folder cannot be written that is what happens; results are the same.
 *
 * @returns whether sessions can read it
 */
export async function prepareUnsigned(base: BaseFile): Promise<boolean> {
  const length = layoutLength(base.regions);
  if (base.precision !== 'int8' || length < SMALLEST) return false;
  try {
    await derivedFile(path.join(base.folder, UNSIGNED_FILE), length, async (target) => {
      await withFile(base.binaryPath, async (source) => {
        for (const region of base.regions.filter(isUnsigned)) await turnOver(base, source, target, region);
      });
    });
    return true;
  } catch (error) {
    if (hasCode(error, ...READ_ONLY)) return false;
    throw error;
  }
}

async function turnOver(
  base: BaseFile,
  source: FileHandle,
  target: FileHandle,
  { name, offset, length }: TensorRegion,
): Promise<void> {
  for (let done = 0; done < length; done += BLOCK) {
    const count = Math.min(BLOCK, length - done);
    const words = new Uint32Array(Math.ceil(count / 4));
    const bytes = new Uint8Array(words.buffer, 0, count);
    await readExactly(source, base.binaryPath, offset + done, bytes, name);
    for (let index = 0; index < words.length; index++) words[index] = (words[index] ?? 0) ^ HIGHEST_BITS;
    await writeAt(target, bytes, offset + done);
  }
}
