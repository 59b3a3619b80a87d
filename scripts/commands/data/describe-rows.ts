/** What the reader made of a file, in words. */
import type { PromptRow } from '../../../shared/prompts/read-row.ts';
import { turnsOf } from '../../../shared/prompts/turn.ts';
import { printable } from '../../terminal/printable.ts';

/** Characters of a turn that are shown. */
const SHOWN = 300;

/** @param leftOut in words; empty where every row is of use */
export function describeRows(rows: readonly PromptRow[], leftOut: string): string {
  const pairs = rows.filter(({ pair }) => pair !== null).length;
  const parted = rows.filter((row) => row.parted).length;
  const splits = Map.groupBy(rows, ({ split }) => split ?? 'unnamed');
  const columns = new Set(rows.flatMap(({ aside }) => Object.keys(aside)));
  const first = rows[0]?.prompt;
  const turns = first === undefined ? [] : turnsOf(first);
  return [
    `${rows.length} prompts, ${pairs} with a pair of responses`,
    `splits: ${[...splits].map(([split, of]) => `${split} ${of.length}`).join(', ')}`,
    ...(parted > 0 ? [`${parted} dialogues part before their last turn: a prompt without a pair`] : []),
    ...(columns.size > 0 ? [`columns set aside: ${[...columns].map(printable).join(', ')}`] : []),
    ...(leftOut === '' ? [] : [`left out: ${leftOut}`]),
    'the first prompt:',
    ...turns.map(({ role, text }) => `  ${role}: ${printable(text.slice(0, SHOWN))}`),
  ].join('\n');
}
