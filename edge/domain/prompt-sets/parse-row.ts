/** One line of an upload: a prompt, a prompt with two responses of which people preferred one, or two such dialogues. */
import { z } from 'zod';
import { text } from '../../../shared/api/fields.ts';
import { SPLITS } from '../../../shared/api/words.ts';
import { DialogueFormatError } from '../../../shared/dialogue/errors.ts';
import { pairOfHhRow } from '../../../shared/dialogue/hh-rows.ts';
import { promptOfDialogue } from '../../../shared/dialogue/prompt-of-dialogue.ts';
import { UserError } from '../../../shared/user-error.ts';

const MAXIMUM_TEXT = 50_000;
const split = z.enum(SPLITS).optional();
const promptRow = z.strictObject({ prompt: text(MAXIMUM_TEXT), split });
const pairRow = z.strictObject({
  prompt: text(MAXIMUM_TEXT),
  chosen: text(MAXIMUM_TEXT),
  rejected: text(MAXIMUM_TEXT),
  /** As exports write it; what people said is certain. */
  label_probability: z.literal(1, 'must be 1: a prompt set holds what people preferred').optional(),
  split,
});
const dialogueRow = z.strictObject({ chosen: text(MAXIMUM_TEXT), rejected: text(MAXIMUM_TEXT), split });

export interface ParsedRow {
  readonly prompt: string;
  readonly chosen: string | null;
  readonly rejected: string | null;
  readonly split: z.output<typeof split>;
  /** A dialogue row whose sides part before the last turn. */
  readonly unpaired: boolean;
}

/** Why a line was refused, in words that name the field. */
export class RowError extends UserError {
  override readonly name = 'RowError';
  override readonly code = 'bad-row';
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * @param bytes one line without its newline
 * @returns undefined for a line of white space
 * @throws RowError
 */
export function parseRow(bytes: Uint8Array): ParsedRow | undefined {
  const value = readJson(bytes);
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null || !('chosen' in value || 'rejected' in value)) {
    const row = check(promptRow, value);
    return { ...row, split: row.split, chosen: null, rejected: null, unpaired: false };
  }
  if ('prompt' in value) {
    const { prompt, chosen, rejected, split: given } = check(pairRow, value);
    return { prompt, chosen, rejected, split: given, unpaired: false };
  }
  const row = check(dialogueRow, value);
  try {
    const pair = pairOfHhRow(row);
    const sides = pair ?? { chosen: null, rejected: null };
    const prompt = promptOfDialogue(row.chosen);
    return { prompt, chosen: sides.chosen, rejected: sides.rejected, split: row.split, unpaired: !pair };
  } catch (error) {
    if (error instanceof DialogueFormatError) throw new RowError(error.message, { cause: error });
    throw error;
  }
}

function readJson(bytes: Uint8Array): unknown {
  let line: string;
  try {
    line = decoder.decode(bytes);
  } catch (cause) {
    throw new RowError('is not UTF-8', { cause });
  }
  if (line.trim() === '') return undefined;
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new RowError('is not JSON: write one object a line', { cause });
  }
}

function check<Row extends z.ZodType>(schema: Row, value: unknown): z.output<Row> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const reasons = result.error.issues.map(({ path, message }) =>
    path.length > 0 ? `${path.join('.')}: ${message}` : message,
  );
  throw new RowError(reasons.join('; ').slice(0, 500));
}
