/** How many prompts there are, and some of their texts, before anything is uploaded. */
import { createHash } from 'node:crypto';
import { SPLITS } from '../../shared/api/words.ts';
import { splitByHash } from '../../shared/prompts/hash-split.ts';
import { SHARES, type NamedPrompts } from './prompts.ts';

/** Prompts whose length is measured. */
const MEASURED = 200;

const HASHED = SPLITS.map((split) => ({ split, share: Number(SHARES[split]) }));

/** Counts by split, as the edge will have them; rows whose prompt stood before; prompts of dev or test that train has, too; the first texts. */
export function countPrompts({ rows, rule }: Pick<NamedPrompts, 'rows' | 'rule'>) {
  const splits = rows.map(({ split, prompt }) =>
    rule === 'field' ? split : splitByHash(createHash('sha256').update(prompt.text).digest('hex'), HASHED),
  );
  const count = (wanted: keyof typeof SHARES) => splits.filter((split) => split === wanted).length;
  const all = rows.map(({ prompt }) => prompt.text);
  const trained = new Set(all.filter((_, row) => splits[row] === 'train'));
  const alsoTrained = new Set(all.filter((text, row) => splits[row] !== 'train' && trained.has(text)));
  return {
    prompts: { train: count('train'), dev: count('dev'), test: count('test') },
    repeated: all.length - new Set(all).size,
    alsoTrained: alsoTrained.size,
    texts: all.slice(0, MEASURED),
  };
}
