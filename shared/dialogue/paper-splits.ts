/** The paper's splits of Anthropic HH, by row number. */
import { DialogueFormatError } from './errors.ts';

/** Rows [start, end) of an HH file: `dev` and `test` of its test file, `agreement` of its train file. */
const paperSplits = {
  dev: { file: 'test', start: 0, end: 1000 },
  test: { file: 'test', start: 1000, end: 2000 },
  agreement: { file: 'train', start: 0, end: 2000 },
} as const;

export type PaperSplit = keyof typeof paperSplits;

/** The rows of a split. @throws DialogueFormatError if the file has too few rows to hold it */
export function rowsOfPaperSplit<Row>(split: PaperSplit, rows: readonly Row[]): Row[] {
  const { file, start, end } = paperSplits[split];
  if (rows.length < end) {
    throw new DialogueFormatError(
      `split "${split}" needs rows ${start} to ${end - 1} of the HH ${file} file, got a file of ${rows.length} rows: ` +
        'give the whole file',
    );
  }
  return rows.slice(start, end);
}
