/** How many prompts there are, and some of their texts, before anything is uploaded. */
import { SHARES, type NamedPrompts } from './prompts.ts';

/** Prompts whose length is measured. */
const MEASURED = 200;

/** Counts by split, by shares where the hash decides, and the first texts. */
export function countPrompts({ rows, rule }: NamedPrompts) {
  const count = (split: keyof typeof SHARES) =>
    rule === 'field'
      ? rows.filter((row) => row.split === split).length
      : Math.round(rows.length * Number(SHARES[split]));
  const texts = rows.slice(0, MEASURED).map(({ prompt }) => prompt.text);
  return { prompts: { train: count('train'), dev: count('dev'), test: count('test') }, texts };
}
