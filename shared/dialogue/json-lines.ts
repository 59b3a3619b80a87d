/** Rows of a JSONL file as objects, with errors that name the line. */
import { DialogueFormatError } from './errors.ts';

/** One row and its line number (from 1). */
export interface JsonLine {
  readonly line: number;
  readonly row: Readonly<Record<string, unknown>>;
}

/** Parses JSON lines; empty lines are skipped. @throws DialogueFormatError on a line that is no JSON object */
export function parseJsonLines(text: string): JsonLine[] {
  const rows: JsonLine[] = [];
  for (const [index, content] of text.split('\n').entries()) {
    if (content.trim() === '') continue;
    const line = index + 1;
    let row: unknown;
    try {
      row = JSON.parse(content);
    } catch (cause) {
      throw new DialogueFormatError(`line ${line} is not JSON: write one JSON object a line`, { cause });
    }
    if (typeof row !== 'object' || row === null || Array.isArray(row)) {
      throw new DialogueFormatError(`line ${line} is not a JSON object: write one JSON object a line`);
    }
    rows.push({ line, row: { ...row } });
  }
  return rows;
}

/** A string field of a row. @throws DialogueFormatError naming line and field if it is absent or no string */
export function stringField({ line, row }: JsonLine, field: string): string {
  const value = row[field];
  if (typeof value !== 'string') {
    throw new DialogueFormatError(
      `line ${line}: field "${field}" must be a string, got ${value === undefined ? 'nothing' : JSON.stringify(value)}`,
    );
  }
  return value;
}
