/** Preference files from one form into another: Anthropic HH, Hugging Face JSON lines, the official code's CSV. */
import { pairOfHhRow, parseHhRows } from '../../../shared/dialogue/hh-rows.ts';
import { rowsOfPaperSplit } from '../../../shared/dialogue/paper-splits.ts';
import { formatPreferenceCsv, parsePreferenceCsv } from '../../../shared/dialogue/preference-csv.ts';
import { formatPreferenceJsonl, parsePreferenceJsonl } from '../../../shared/dialogue/preference-jsonl.ts';
import type { PreferencePair } from '../../../shared/dialogue/preference-pair.ts';

export const INPUT_FORMS = ['hh', 'jsonl', 'csv'] as const;
export const OUTPUT_FORMS = ['jsonl', 'csv'] as const;
export type InputForm = (typeof INPUT_FORMS)[number];
export type OutputForm = (typeof OUTPUT_FORMS)[number];

/** HH rows whose two dialogues part before the last turn hold no pair and are left out. */
const READERS: Readonly<Record<InputForm, (text: string) => PreferencePair[]>> = {
  hh: (text) => parseHhRows(text).flatMap((row) => pairOfHhRow(row) ?? []),
  jsonl: parsePreferenceJsonl,
  csv: parsePreferenceCsv,
};

/**
 * @param seed of the coin that decides which side of a CSV row comes first
 * @returns the file, and how many pairs it has
 * @throws DialogueFormatError naming line and field
 */
export function convertPairs(
  text: string,
  { from, to, seed }: { readonly from: InputForm; readonly to: OutputForm; readonly seed: number },
): { readonly text: string; readonly pairs: number } {
  const pairs = READERS[from](text);
  return {
    text: to === 'csv' ? formatPreferenceCsv(pairs, seed) : formatPreferenceJsonl(pairs),
    pairs: pairs.length,
  };
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
