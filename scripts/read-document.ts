/** Reads JSON documents: what another command wrote, and what people write. */
import type { z } from 'zod';
import { messageOf } from '../shared/caught.ts';
import { UsageError } from '../shared/command-line/usage-error.ts';
import { firstIssue } from '../shared/first-issue.ts';
import { readUserFile } from './read-user-file.ts';

/**
 * @param what such as `a report`
 * @throws UsageError where the file is missing, no JSON or of another form
 */
export async function readDocument<Form extends z.ZodType>(
  file: string,
  form: Form,
  what: string,
): Promise<z.output<Form>> {
  const parsed = form.safeParse(parseJson(file, await readUserFile(file, file)));
  if (parsed.success) return parsed.data;
  const { field, fault } = firstIssue(parsed.error);
  throw new UsageError(`${file} is not ${what}: ${field || 'the document'}: ${fault}`);
}

/** @throws UsageError naming the file and where it is wrong */
export function parseJson(file: string, text: string): unknown {
  if (text.trim() === '') throw new UsageError(`${file} is empty: it must hold a JSON document`);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UsageError(`${file} is not JSON: ${messageOf(cause)}`, { cause });
  }
}
