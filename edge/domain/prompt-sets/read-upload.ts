/** Reads an upload of prompts row by row: rows with their splits, or the lines that are refused and why. */
import { createHash } from 'node:crypto';
import { DataFileError } from '../../../shared/prompts/errors.ts';
import type { LeftOutReason } from '../../../shared/prompts/left-out.ts';
import type { Split } from '../../../shared/api/words.ts';
import { readPrompts, type ReadingOptions, type ReadRow } from '../../../shared/prompts/read-prompts.ts';
import type { Turn } from '../../../shared/prompts/turn.ts';
import { invalidRequest } from '../errors.ts';
import type { SplitRule } from './split-rule.ts';

/** After so many refused rows the rest is not read. */
const MAXIMUM_REFUSED = 50;

/** Of a row as the store takes it. */
const MAXIMUM_STORED_BYTES = 900_000;

/** A row as the store takes it. */
export interface PromptRow {
  /** Number of the row in the upload, from 0; empty lines do not count. */
  readonly position: number;
  readonly split: Split;
  readonly text: string;
  /** Where the text would be read as other turns than the row's. */
  readonly turns: readonly Turn[] | null;
  readonly chosen: string | null;
  readonly rejected: string | null;
  /** Columns that say nothing about the prompt; null where there is none. */
  readonly aside: Readonly<Record<string, unknown>> | null;
  readonly textSha256: string;
}

/** Counted while rows are read. */
export interface UploadCounts {
  leftOut: number;
  unpaired: number;
  unusable: Partial<Record<LeftOutReason, number>>;
}

interface Refused {
  readonly in: 'body';
  readonly pointer: string;
  readonly detail: string;
}

const refusal = (line: number, detail: string): Refused => ({ in: 'body', pointer: `line ${line}`, detail });

/**
 * The rows of an upload. Rows that come before a refused one are given out: the reader must undo what it wrote.
 *
 * @throws DomainError `invalid-request` at the end, naming the refused lines, or where no row is of use
 */
export async function* readUpload(
  chunks: AsyncIterable<Uint8Array>,
  rule: SplitRule,
  counts: UploadCounts,
  options: ReadingOptions = {},
): AsyncGenerator<PromptRow> {
  const refused: Refused[] = [];
  let position = -1;
  let kept = 0;
  try {
    for await (const read of readPrompts(chunks, options)) {
      position += 1;
      const outcome = settle(read, position, rule, counts);
      if (outcome === null) continue;
      if ('pointer' in outcome) refused.push(outcome);
      else if (refused.length === 0) {
        kept += 1;
        yield outcome;
      }
      if (refused.length >= MAXIMUM_REFUSED) break;
    }
  } catch (error) {
    if (!(error instanceof DataFileError)) throw error;
    refused.push(refusal(error.line, error.fault));
  }
  if (refused.length > 0) throw invalidRequest(refused);
  if (position < 0) throw invalidRequest([refusal(1, 'there is no row; send at least one prompt')]);
  const reasons = Object.entries(counts.unusable).map(([reason, n]) => `${n} ${reason}`);
  if (kept === 0 && reasons.length > 0) {
    throw invalidRequest([refusal(1, `no row is of use: ${reasons.join(', ')}; send prompts with text`)]);
  }
}

/** @returns null for a row that is left out */
function settle(
  read: ReadRow,
  position: number,
  rule: SplitRule,
  counts: UploadCounts,
): PromptRow | Refused | null {
  if ('fault' in read) return refusal(read.line, read.fault);
  const leaveOut = (reason: LeftOutReason) => {
    counts.unusable[reason] = (counts.unusable[reason] ?? 0) + 1;
    return null;
  };
  if ('leftOut' in read) return leaveOut(read.leftOut);
  const { prompt, pair, parted, split: given, aside } = read.row;
  if (pair && pair.labelProbability !== 1) {
    return refusal(read.line, 'label_probability: must be 1: a prompt set holds what people preferred');
  }
  const { text, turns } = prompt;
  const textSha256 = createHash('sha256').update(text).digest('hex');
  const split = rule({ position, promptSha256: textSha256, split: given });
  if (split !== null && typeof split === 'object') return refusal(read.line, split.refused);
  const row = {
    text,
    turns,
    chosen: pair?.chosen ?? null,
    rejected: pair?.rejected ?? null,
    aside: Object.keys(aside).length > 0 ? aside : null,
  };
  // What escapes and hidden columns make of a row may be more than its line had.
  if (Buffer.byteLength(JSON.stringify(row)) > MAXIMUM_STORED_BYTES) return leaveOut('too-long');
  if (parted) counts.unpaired += 1;
  if (split !== null) return { position, split, ...row, textSha256 };
  counts.leftOut += 1;
  return null;
}
