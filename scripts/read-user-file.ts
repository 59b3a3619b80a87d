/** Reads a file that someone named on a command line. */
import { readFile } from 'node:fs/promises';
import { hasCode, messageOf } from '../shared/caught.ts';
import { UsageError } from '../shared/command-line/usage-error.ts';

/**
 * @param named the file as it was asked for, such as `--prompts stories.txt`
 * @throws UsageError saying why it cannot be read, and the cure
 */
export async function readUserFile(named: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    let why = messageOf(cause);
    if (hasCode(cause, 'ENOENT', 'ENOTDIR')) why = 'there is no such file; check the path';
    else if (hasCode(cause, 'EISDIR')) why = 'it is a folder; name a file in it';
    else if (hasCode(cause, 'EACCES', 'EPERM')) why = 'you may not read it; change its permissions';
    throw new UsageError(`${named} cannot be read: ${why}`, { cause });
  }
}
