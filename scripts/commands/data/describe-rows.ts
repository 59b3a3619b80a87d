/** What the reader made of a file, in words. */
import type { PromptRow } from '../../../shared/prompts/read-row.ts';
import { turnsOf } from '../../../shared/prompts/turn.ts';
import { counted } from '../../../shared/text/counted.ts';
import { SPLITS } from '../../../shared/api/words.ts';
import { countPrompts } from '../../experiment/prompt-counts.ts';
import { leakIn, repeatsIn, shortageOf, splitRule } from '../../experiment/prompts.ts';
import type { PromptRows } from '../../read-prompt-file.ts';
import { printable } from '../../terminal/printable.ts';

/** Characters of a turn that are shown. */
const SHOWN = 300;

/** @param leftOut in words; empty where every row is of use */
export function describeRows({ rows, leftOut }: PromptRows): string {
  const pairs = rows.filter(({ pair }) => pair !== null).length;
  const parted = rows.filter((row) => row.parted).length;
  const columns = new Set(rows.flatMap(({ aside }) => Object.keys(aside)));
  const first = rows[0]?.prompt;
  const turns = first === undefined ? [] : turnsOf(first);
  return [
    `${counted(rows.length, 'prompt')}, ${pairs} with a pair of responses`,
    ...splitLines(rows),
    ...(parted > 0
      ? [`${counted(parted, 'dialogue')} parting before the last turn: a prompt without a pair`]
      : []),
    ...(columns.size > 0 ? [`columns set aside: ${[...columns].map(printable).join(', ')}`] : []),
    ...(leftOut === '' ? [] : [`left out: ${leftOut}`]),
    'the first prompt:',
    ...turns.map(({ role, text }) => `  ${role}: ${beginning(text)}`),
  ].join('\n');
}

/** Counts as a run would have them, and what is missing for one. */
function splitLines(rows: readonly PromptRow[]): string[] {
  const rule = splitRule(rows);
  const { prompts, ...repeats } = countPrompts({ rows, rule });
  const counts = SPLITS.map((split) => `${split} ${prompts[split]}`).join(', ');
  const unnamed = rule === 'field' ? rows.filter(({ split }) => split === undefined).length : 0;
  const short = shortageOf(prompts);
  return [
    `splits: ${counts}${rule === 'hash' ? ', by the hash of each prompt, since the rows name none' : ''}`,
    ...(unnamed > 0 ? [`${counted(unnamed, 'row')} without a split among rows that name one`] : []),
    ...(short === undefined ? [] : [`too few for a run: ${short}`]),
    ...[repeatsIn(repeats), leakIn(repeats)].filter((line) => line !== undefined),
  ];
}

function beginning(text: string): string {
  const start = printable(text.slice(0, SHOWN));
  return text.length <= SHOWN ? start : `${start} ... (${text.length} characters)`;
}
