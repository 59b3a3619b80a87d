/** Rows of a file before anybody knows what they mean. */

/** Also keeps a row with its hash and its JSON escapes below what the store takes in a value. */
export const MAXIMUM_ROW_CHARACTERS = 400_000;

/** What stands at a line: its columns, or why it cannot be read. */
export type FileRow =
  | { readonly line: number; readonly columns: Readonly<Record<string, unknown>> }
  | { readonly line: number; readonly fault: string; readonly columns?: never };

/** Reads one form of file piece by piece. */
export interface RowParser {
  /** The rows that end in this piece. */
  push(text: string): FileRow[];
  /** The rows that the end of the file ends. @throws DataFileError where it must not end there */
  end(): FileRow[];
}

export const TOO_LONG = `is too long: a row may have ${MAXIMUM_ROW_CHARACTERS.toLocaleString('en')} characters`;

/** A JSON value as a row; a text alone is a prompt. @param rule how a row is written, for the error */
export function rowOfJson(line: number, text: string, rule: string): FileRow {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { line, fault: `is not JSON: ${rule}` };
  }
  if (typeof value === 'string') return { line, columns: { prompt: value } };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { line, fault: `is not a JSON object: ${rule}` };
  }
  return { line, columns: { ...value } };
}
