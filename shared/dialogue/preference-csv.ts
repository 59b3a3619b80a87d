/** The official code's CSV: `instruction,input,output_1,output_2,preference[,win2_prob]`. */
import { formatCsv } from '../prompts/csv.ts';
import { uniform } from '../random.ts';
import type { PreferencePair } from './preference-pair.ts';

const COLUMNS = ['instruction', 'input', 'output_1', 'output_2', 'preference'] as const;
const PROBABILITY_COLUMN = 'win2_prob';
const ORDER_STREAM = 0xc5f0;

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
  return formatCsv([...COLUMNS, ...(soft ? [PROBABILITY_COLUMN] : [])], rows);
}
