/** How many prompts there are, and some of their texts, before anything is uploaded. */
import { createHash } from 'node:crypto';
import { SPLITS } from '../../shared/api/words.ts';
import { splitByHash } from '../../shared/prompts/hash-split.ts';
import { SHARES, type NamedPrompts } from './prompts.ts';

/** Prompts whose length is measured. */
const MEASURED = 200;

const HASHED = SPLITS.map((split) => ({ split, share: Number(SHARES[split]) }));

/** Counts by split, as the edge will have them, and the first texts. */
export function countPrompts({ rows, rule }: Pick<NamedPrompts, 'rows' | 'rule'>) {
  const splits = rows.map(({ split, prompt }) =>
    rule === 'field' ? split : splitByHash(createHash('sha256').update(prompt.text).digest('hex'), HASHED),
  );
  const count = (wanted: keyof typeof SHARES) => splits.filter((split) => split === wanted).length;
  const texts = rows.slice(0, MEASURED).map(({ prompt }) => prompt.text);
  return { prompts: { train: count('train'), dev: count('dev'), test: count('test') }, texts };
}
