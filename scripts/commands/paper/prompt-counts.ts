/** How many prompts there are, and some of their texts, before anything is uploaded. */
import { promptOfDialogue } from '../../../shared/dialogue/prompt-of-dialogue.ts';
import { parseJsonLines } from '../../../shared/dialogue/json-lines.ts';
import { SHARES, type NamedPrompts } from '../../experiment/prompts.ts';

/** Prompts whose length is measured. */
const MEASURED = 200;

/** Counts by split, by shares where the hash decides, and the first texts. @throws DialogueFormatError */
export function countPrompts({ lines, rule }: NamedPrompts) {
  const rows = parseJsonLines(lines).map(({ row }) => row);
  const count = (split: keyof typeof SHARES) =>
    rule === 'field'
      ? rows.filter((row) => row['split'] === split).length
      : Math.round(rows.length * Number(SHARES[split]));
  const texts = rows
    .slice(0, MEASURED)
    .map(({ prompt, chosen }) => (typeof prompt === 'string' ? prompt : promptOfDialogue(String(chosen))));
  return { prompts: { train: count('train'), dev: count('dev'), test: count('test') }, texts };
}
