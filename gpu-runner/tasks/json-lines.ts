/** Artifacts of JSON lines, written in one form and read by their schema. */
import type { z } from 'zod';
import { parseJsonLines } from '../../shared/dialogue/json-lines.ts';
import { TaskInputError } from './task-context.ts';
import { firstIssue } from '../../shared/first-issue.ts';

export const JSON_LINES = 'application/jsonl';

/** One JSON object a line, each line ended by a newline; equal rows give equal bytes. */
export function encodeLines(rows: readonly unknown[]): Uint8Array {
  return new TextEncoder().encode(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}

/** Reads rows. @param name of the artifact for the error @throws TaskInputError naming line and field */
export function decodeLines<Row>(bytes: Uint8Array, schema: z.ZodType<Row>, name: string): Row[] {
  return parseJsonLines(new TextDecoder('utf-8', { fatal: true }).decode(bytes)).map(({ line, row }) => {
    const parsed = schema.safeParse(row);
    if (parsed.success) return parsed.data;
    const { field, fault } = firstIssue(parsed.error);
    throw new TaskInputError(`${name}, line ${line}: ${field} ${fault}: make this artifact again`);
  });
}
