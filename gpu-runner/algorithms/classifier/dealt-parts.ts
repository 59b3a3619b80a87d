/** Parts of labelled rows: each label is dealt out like cards, so that every part has its share of both. */
import { permutation } from '../../../shared/random.ts';
import { streamOf, type StreamPurpose } from '../streams.ts';

/**
 * @param outcomes the label of each row, 0 or 1
 * @returns the part of each row, 0 to parts - 1; a function of (outcomes, parts, seed, purpose)
 */
export function dealtParts(
  outcomes: readonly number[],
  parts: number,
  seed: number,
  purpose: StreamPurpose,
): number[] {
  const part = outcomes.map(() => 0);
  let dealt = 0;
  for (const label of [0, 1]) {
    const rows = [...outcomes.keys()].filter((row) => outcomes[row] === label);
    for (const index of permutation(rows.length, seed, streamOf(purpose, label))) {
      const row = rows[index];
      if (row !== undefined) part[row] = dealt++ % parts;
    }
  }
  return part;
}
