/** Reads a file that someone named on a command line. */
import { readFile } from 'node:fs/promises';
import { hasCode, messageOf } from '../shared/caught.ts';
import { UsageError } from '../shared/command-line/usage-error.ts';
import { textOfBytes } from '../shared/prompts/text-of-bytes.ts';
import { UserError } from '../shared/user-error.ts';

/**
 * The text of a file: UTF-8 or UTF-16, with its mark or without.
 *
 * @param named the file as it was asked for, such as `--principle honest.json`
 * @throws UsageError saying why it cannot be read, and the cure
 */
export async function readUserFile(named: string, file: string): Promise<string> {
  const bytes = await readUserBytes(named, file);
  try {
    return (await Array.fromAsync(textOfBytes(oneChunk(bytes)))).join('');
  } catch (cause) {
    if (!(cause instanceof UserError)) throw cause;
    throw new UsageError(`${named} cannot be read: ${cause.message}`, { cause });
  }
}

/** Bytes as the readers of streams take them. */
export async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/**
 * @param named as for {@link readUserFile}
 * @throws UsageError saying why it cannot be read, and the cure
 */
export async function readUserBytes(named: string, file: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await readFile(file);
  } catch (cause) {
    let why = messageOf(cause);
    if (hasCode(cause, 'ENOENT', 'ENOTDIR')) why = 'there is no such file; check the path';
    else if (hasCode(cause, 'EISDIR')) why = 'it is a folder; name a file in it';
    else if (hasCode(cause, 'EACCES', 'EPERM')) why = 'you may not read it; change its permissions';
    throw new UsageError(`${named} cannot be read: ${why}`, { cause });
  }
}
