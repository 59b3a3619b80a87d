/** Folders that are there whole or not at all, whatever ends the process that writes them. */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { hasCode } from '../../shared/caught.ts';
import { UserError } from '../../shared/user-error.ts';
import { flush } from '../hosts/flush.ts';

/**
 * Makes a folder of which nothing is seen under its name before all of it is on the disk: it is written beside its place
 * and renamed into it, over an empty folder where there is one.
 *
 * @param fill writes the files; what it throws removes them
 */
export async function makeWhole<Made>(
  place: string,
  fill: (partial: string) => Promise<Made>,
): Promise<Made> {
  const whole = resolve(place);
  const partial = join(dirname(whole), `${basename(whole)}.partial-${randomUUID()}`);
  try {
    await mkdir(partial, { recursive: true, mode: 0o700 });
    const made = await fill(partial);
    await rename(partial, whole);
    await flush(dirname(whole));
    return made;
  } catch (cause) {
    if (!isDiskFull(cause)) throw cause;
    throw new UserError(`The disk of ${dirname(whole)} is full`, {
      code: 'no-room',
      cure: 'Make room, or name a place on another disk; nothing was left there',
      cause,
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

const SQLITE_FULL = 13;

const isDiskFull = (error: unknown) =>
  hasCode(error, 'ENOSPC') || (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_FULL);

/** Copies a file, sharing its blocks where the file system can. */
export async function copyFlushed(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to, constants.COPYFILE_FICLONE);
  await flush(to);
}

export async function writeFlushed(path: string, text: string): Promise<void> {
  await writeFile(path, text);
  await flush(path);
}
