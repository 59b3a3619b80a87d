/** The official code's CSV: `instruction,input,output_1,output_2,preference[,win2_prob]`. */
import Papa from 'papaparse';
import { uniform } from '../random.ts';
import { DialogueFormatError } from './errors.ts';
import type { PreferencePair } from './preference-pair.ts';

const COLUMNS = ['instruction', 'input', 'output_1', 'output_2', 'preference'] as const;
const PROBABILITY_COLUMN = 'win2_prob';
const ORDER_STREAM = 0xc5f0;

/**
 * Reads the CSV. `preference` is 1 or 2; with `win2_prob` (P(output_2 is better)) the label is soft. `input` is unused
 * downstream, as in the official code.
 *
 * @throws DialogueFormatError naming row (from 1, header not counted), column and cure
 */
export function parsePreferenceCsv(text: string): PreferencePair[] {
  const { data, meta, errors } = Papa.parse<Record<string, string>>(text, {
    header: true,
    skipEmptyLines: true,
    delimiter: ',',
  });
  const fields = meta.fields ?? [];
  const missing = COLUMNS.filter((column) => !fields.includes(column));
  if (missing.length > 0) {
    throw new DialogueFormatError(
      `the CSV has no column ${missing.join(', ')}: its header must be ${COLUMNS.join(',')}[,${PROBABILITY_COLUMN}]`,
    );
  }
  const fault = errors[0];
  if (fault !== undefined) {
    throw new DialogueFormatError(
      `CSV row ${(fault.row ?? 0) + 1} or the one before: ${fault.message}: check quotes and commas`,
    );
  }
  return data.map((row, index) => pairOfRow(row, index + 1, fields.includes(PROBABILITY_COLUMN)));
}

function pairOfRow(row: Readonly<Record<string, string>>, number: number, soft: boolean): PreferencePair {
  const { instruction = '', output_1: first = '', output_2: second = '', preference } = row;
  if (preference !== '1' && preference !== '2') {
    throw new DialogueFormatError(
      `CSV row ${number}: preference must be 1 or 2, got ${JSON.stringify(preference)}`,
    );
  }
  const [chosen, rejected] = preference === '1' ? [first, second] : [second, first];
  if (!soft) return { prompt: instruction, chosen, rejected, labelProbability: 1 };
  const written = row[PROBABILITY_COLUMN] ?? '';
  const win2 = written.trim() === '' ? Number.NaN : Number(written);
  if (!(win2 >= 0 && win2 <= 1)) {
    throw new DialogueFormatError(
      `CSV row ${number}: ${PROBABILITY_COLUMN} must be a number in 0..1, got ${JSON.stringify(written)}`,
    );
  }
  return { prompt: instruction, chosen, rejected, labelProbability: preference === '1' ? 1 - win2 : win2 };
}

/**
 * Writes the CSV (RFC 4180, CRLF). The two outputs of row i are swapped by a coin of (seed, i). `win2_prob` is written
 * when a label is soft; `preference` is then the likelier side, so a pair whose `chosen` is the less likely one comes
 * back with sides and probability exchanged, which is the same statement.
 */
export function formatPreferenceCsv(pairs: readonly PreferencePair[], seed: number): string {
  const soft = pairs.some((pair) => pair.labelProbability !== 1);
  const rows = pairs.map((pair, index) => {
    const chosenFirst = uniform(seed, ORDER_STREAM, index) < 0.5;
    const [first, second] = chosenFirst ? [pair.chosen, pair.rejected] : [pair.rejected, pair.chosen];
    const win2 = chosenFirst ? 1 - pair.labelProbability : pair.labelProbability;
    return [pair.prompt, '', first, second, win2 > 0.5 ? 2 : 1, ...(soft ? [win2] : [])];
  });
  return Papa.unparse({ fields: [...COLUMNS, ...(soft ? [PROBABILITY_COLUMN] : [])], data: rows }).concat(
    '\r\n',
  );
}
