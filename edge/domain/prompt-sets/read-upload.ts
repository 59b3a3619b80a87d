/** Reads an upload of prompts line by line: rows with their splits, or the lines that are refused and why. */
import { createHash } from 'node:crypto';
import { invalidRequest } from '../errors.ts';
import { linesOf } from './lines.ts';
import { parseRow, RowError } from './parse-row.ts';
import type { Split, SplitRule } from './split-rule.ts';

/** After so many refused rows the rest is not read. */
const MAXIMUM_REFUSED = 50;

/** A row as the store takes it. */
export interface PromptRow {
  /** Number of the row in the upload, from 0; empty lines do not count. */
  readonly position: number;
  readonly split: Split;
  readonly text: string;
  readonly chosen: string | null;
  readonly rejected: string | null;
  readonly textSha256: string;
}

/** Counted while rows are read. */
export interface UploadCounts {
  leftOut: number;
  unpaired: number;
}

/**
 * The rows of an upload. Rows that come before a refused one are given out: the reader must undo what it wrote.
 *
 * @throws DomainError `invalid-request` at the end, naming the refused lines, or where there is no row at all
 */
export async function* readUpload(
  chunks: AsyncIterable<Uint8Array>,
  rule: SplitRule,
  counts: UploadCounts,
): AsyncGenerator<PromptRow> {
  const refused: { in: 'body'; pointer: string; detail: string }[] = [];
  let line = 0;
  let position = 0;
  for await (const bytes of linesOf(chunks)) {
    line += 1;
    try {
      const row = readRow(bytes, position, rule, counts);
      if (row === undefined) continue;
      position += 1;
      if (row && refused.length === 0) yield row;
    } catch (error) {
      if (!(error instanceof RowError)) throw error;
      position += 1;
      refused.push({ in: 'body', pointer: `line ${line}`, detail: error.message });
      if (refused.length >= MAXIMUM_REFUSED) break;
    }
  }
  if (refused.length > 0) throw invalidRequest(refused);
  if (position === 0) {
    const detail = 'there is no row; send at least one prompt, one JSON object a line';
    throw invalidRequest([{ in: 'body', pointer: 'line 1', detail }]);
  }
}

/** @returns undefined for an empty line, null for a row that is left out */
function readRow(
  bytes: Uint8Array | null,
  position: number,
  rule: SplitRule,
  counts: UploadCounts,
): PromptRow | null | undefined {
  if (bytes === null) throw new RowError('is too long: a row may have 400,000 bytes');
  const row = parseRow(bytes);
  if (!row) return undefined;
  const textSha256 = createHash('sha256').update(row.prompt).digest('hex');
  const split = rule({ position, promptSha256: textSha256, split: row.split });
  if (split !== null && typeof split === 'object') throw new RowError(split.refused);
  if (row.unpaired) counts.unpaired += 1;
  if (split === null) {
    counts.leftOut += 1;
    return null;
  }
  return { position, split, text: row.prompt, chosen: row.chosen, rejected: row.rejected, textSha256 };
}
