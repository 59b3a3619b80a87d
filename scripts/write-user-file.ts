/** Writes a file that someone named on a command line. */
import { writeFile } from 'node:fs/promises';
import { messageOf } from '../shared/caught.ts';
import { UsageError } from '../shared/command-line/usage-error.ts';

/** @throws UsageError naming the file and the fault */
export async function writeUserFile(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (error) {
    throw new UsageError(`${file} cannot be written (${messageOf(error)})`, {
      cure: 'Name a file in a folder that is there and may be written to',
      cause: error,
    });
  }
}
