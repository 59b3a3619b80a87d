/** Reads a document that another command wrote. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { UsageError } from '../shared/command-line/usage-error.ts';

/**
 * @param what such as `a report`
 * @throws UsageError where the file is missing, no JSON or of another form
 */
export async function readDocument<Form extends z.ZodType>(
  file: string,
  form: Form,
  what: string,
): Promise<z.output<Form>> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    throw new UsageError(`${file} is no JSON that can be read: ${(cause as Error).message}`, { cause });
  }
  const parsed = form.safeParse(value);
  if (!parsed.success) throw new UsageError(`${file} is not ${what}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
