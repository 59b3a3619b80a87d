/** Bounded reads of model files: exact byte ranges, JSON objects and hashes, with errors that name the file. */
import { createHash } from 'node:crypto';
import { type FileHandle, stat } from 'node:fs/promises';
import type { z } from 'zod';
import { placeOfCut } from './cut-json.ts';
import { ModelFileError } from './model-file-error.ts';
import { openRegularFile } from './regular-file.ts';
import { hasCode } from '../../shared/caught.ts';
import { worked } from '../../shared/working.ts';
import { firstIssue } from '../../shared/first-issue.ts';

const LARGEST_READ = 1 << 30;

/** A message shows no more of a field's path: keys come from the file. */
const LONGEST_FIELD = 120;

/** Size of a regular file in bytes. @throws ModelFileError as {@link openRegularFile} */
export async function sizeOfFile(file: string, cure: string): Promise<number> {
  const { handle, bytes } = await openRegularFile(file, cure);
  await handle.close();
  return bytes;
}

/** Whether something stands at that path. */
export async function exists(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return false;
    throw error;
  }
}

/** Fills `target` from byte `offset` of an open file. @param what the field to name if the file ends before */
export async function readExactly(
  handle: FileHandle,
  file: string,
  offset: number,
  target: Uint8Array,
  what: string,
): Promise<void> {
  for (let done = 0; done < target.length;) {
    const count = Math.min(LARGEST_READ, target.length - done);
    const { bytesRead } = await handle.read(target, done, count, offset + done);
    if (bytesRead === 0) {
      throw new ModelFileError(
        file,
        what,
        'the file ends inside it',
        'Fetch the file again, it is cut short',
      );
    }
    done += bytesRead;
    worked();
  }
}

/** Runs `use` on an open file and closes it whatever happens. @throws ModelFileError as {@link openRegularFile} */
export async function withFile<Result>(
  file: string,
  use: (handle: FileHandle, bytes: number) => Promise<Result>,
  cure = 'Check that it is there and readable',
): Promise<Result> {
  const { handle, bytes } = await openRegularFile(file, cure);
  try {
    return await use(handle, bytes);
  } finally {
    await handle.close();
  }
}

/** A JSON object from bytes that are at most `maximumBytes` long. */
export async function readJsonFile(
  file: string,
  maximumBytes: number,
  cure: string,
): Promise<Record<string, unknown>> {
  return parseJsonObject(await readWhole(file, maximumBytes, cure), file, null, cure);
}

/** All of a file that has at most `maximumBytes`. @throws ModelFileError as {@link openRegularFile}, or if it has more */
export async function readWhole(file: string, maximumBytes: number, cure: string): Promise<Uint8Array> {
  const read = async (handle: FileHandle, bytes: number): Promise<Uint8Array> => {
    if (bytes > maximumBytes) {
      const fault = `has ${bytes} bytes, more than the ${maximumBytes} that can be right`;
      throw new ModelFileError(file, null, fault, cure);
    }
    const content = new Uint8Array(bytes);
    await readExactly(handle, file, 0, content, 'content');
    return content;
  };
  return await withFile(file, read, cure);
}

/** Parses UTF-8 JSON that must be an object. @param field names the place of the text when it is part of a file */
export function parseJsonObject(
  bytes: Uint8Array,
  file: string,
  field: string | null,
  cure: string,
): Record<string, unknown> {
  const text = textOf(bytes, file, field, cure);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const place = placeOfCut(text);
    if (place === null) throw new ModelFileError(file, field, 'is not JSON', cure, { cause: error });
    throw cutOff(file, field, place.slice(0, LONGEST_FIELD), error);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ModelFileError(file, field, 'is not a JSON object', cure);
  }
  return value as Record<string, unknown>;
}

/** UTF-8 as text. A file that was cut off inside a character has the text before it: what it lacks is found as it is parsed. */
function textOf(bytes: Uint8Array, file: string, field: string | null, cure: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
  } catch (error) {
    throw new ModelFileError(file, field, 'is not UTF-8 text', cure, { cause: error });
  }
}

function cutOff(file: string, field: string | null, place: string, cause: unknown): ModelFileError {
  const where = place === '' ? 'its first object' : place;
  return new ModelFileError(file, field, `ends inside ${where}`, 'Fetch the file again, it is cut short', {
    cause,
  });
}

/** A value from a file in the form of its schema. @throws ModelFileError naming the first field that is wrong */
export function checkedBy<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  file: string,
  cure: string,
): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { field, fault } = firstIssue(parsed.error);
  throw new ModelFileError(file, field === '' ? null : field.slice(0, LONGEST_FIELD), fault, cure);
}

/** SHA-256 of a file in lower-case hex, streaming. */
export async function hashFile(file: string): Promise<string> {
  return await withFile(file, async (handle) => {
    const hash = createHash('sha256');
    const chunks = handle.createReadStream({ highWaterMark: 1 << 20, autoClose: false });
    for await (const chunk of chunks) {
      hash.update(chunk as Buffer);
      worked();
    }
    return hash.digest('hex');
  });
}
