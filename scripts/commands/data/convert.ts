/** Preference files from one form into another, prompts as conversations, and the paper's splits as one upload. */
import { parseHhRows } from '../../../shared/dialogue/hh-rows.ts';
import { rowsOfPaperSplit } from '../../../shared/dialogue/paper-splits.ts';
import { formatPreferenceCsv } from '../../../shared/dialogue/preference-csv.ts';
import { formatPreferenceJsonl } from '../../../shared/dialogue/preference-jsonl.ts';
import type { PromptRow } from '../../../shared/prompts/read-row.ts';
import { turnsOf } from '../../../shared/prompts/turn.ts';

export const OUTPUT_FORMS = ['jsonl', 'csv'] as const;
type OutputForm = (typeof OUTPUT_FORMS)[number];

/**
 * The rows that hold a pair; HH dialogues that part before the last turn hold none.
 *
 * @param seed of the coin that decides which side of a CSV row comes first
 * @returns the file, and how many pairs it has
 */
export function convertPairs(
  rows: readonly PromptRow[],
  { to, seed }: { readonly to: OutputForm; readonly seed: number },
): { readonly text: string; readonly pairs: number } {
  const pairs = rows.flatMap(({ prompt, pair }) => (pair === null ? [] : [{ prompt: prompt.text, ...pair }]));
  return {
    text: to === 'csv' ? formatPreferenceCsv(pairs, seed) : formatPreferenceJsonl(pairs),
    pairs: pairs.length,
  };
}

/** Prompts as JSON lines of OpenAI's `messages`, with their split and the columns that were set aside. */
export function formatMessages(rows: readonly PromptRow[]): string {
  return jsonLines(
    rows.map(({ prompt, split, aside }) => ({
      ...aside,
      messages: turnsOf(prompt).map(({ role, text }) => ({ role, content: text })),
      split,
    })),
  );
}

/**
 * One upload of prompts (rule `field`) with the paper's splits: dev and test are rows 0-999 and 1000-1999 of the HH test
 * file, train is the train file. Its first 2,000 rows, on which preference models are compared with people, are left
 * out of training here; the paper does not say that it did so.
 *
 * @throws DialogueFormatError if a file is too short for its splits
 */
export function paperPromptSet(trainFile: string, testFile: string): { upload: string; agreement: string } {
  const [train, test] = [parseHhRows(trainFile), parseHhRows(testFile)];
  const agreement = rowsOfPaperSplit('agreement', train);
  const splits = {
    train: train.slice(agreement.length),
    dev: rowsOfPaperSplit('dev', test),
    test: rowsOfPaperSplit('test', test),
  };
  const lines = Object.entries(splits).flatMap(([split, rows]) => rows.map((row) => ({ ...row, split })));
  return { upload: jsonLines(lines), agreement: jsonLines(agreement) };
}

const jsonLines = (rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
