/** Dist-n: diversity of a set of texts. */
import { ngrams } from './ngrams.ts';
import type { Token } from './ngrams.ts';

/**
 * Dist-n (Li et al. 2016): distinct n-grams / all n-grams, over all sequences together. It falls with the amount of
 * text, so compare only sets of about equal size. 0 when there is no n-gram at all.
 *
 * @param sequences words (see words) or token ids of each text
 */
export function distinctN(sequences: readonly (readonly Token[])[], n: number): number {
  const seen = new Set<string>();
  let total = 0;
  for (const sequence of sequences) {
    for (const gram of ngrams(sequence, n)) {
      seen.add(gram);
      total++;
    }
  }
  return total === 0 ? 0 : seen.size / total;
}

/** Dist-1, Dist-2 and Dist-3 of the same sequences. */
export function distinct123(sequences: readonly (readonly Token[])[]): [number, number, number] {
  return [distinctN(sequences, 1), distinctN(sequences, 2), distinctN(sequences, 3)];
}
