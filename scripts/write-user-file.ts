/** Writes a file that someone named on a command line. */
import { constants, existsSync } from 'node:fs';
import { access, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { messageOf } from '../shared/caught.ts';
import { UsageError } from '../shared/command-line/usage-error.ts';

const cure = 'Name a file in a folder that is there and may be written to';

/** @throws UsageError naming the file and the fault */
export async function writeUserFile(file: string, text: string, flag: 'w' | 'wx' = 'w'): Promise<void> {
  try {
    await writeFile(file, text, { flag });
  } catch (error) {
    throw new UsageError(`${file} cannot be written (${messageOf(error)})`, { cure, cause: error });
  }
}

/**
 * Before long work whose result goes there: that the file is new and can be written.
 *
 * @throws UsageError naming the file and the fault
 */
export async function assertNewUserFile(file: string): Promise<void> {
  if (existsSync(file)) throw new UsageError(`${file} is there already`, { cure: 'Name another file' });
  try {
    await access(path.dirname(path.resolve(file)), constants.W_OK);
  } catch (error) {
    throw new UsageError(`${file} cannot be written (${messageOf(error)})`, { cure, cause: error });
  }
}
