/** Repetition inside texts. */
import { ngrams } from './ngrams.ts';
import type { Token } from './ngrams.ts';

/** Share of a sequence's n-grams that occurred in it before; 0 when it has none. */
export function repeatedNgramShare(sequence: readonly Token[], n: number): number {
  const grams = ngrams(sequence, n);
  return grams.length === 0 ? 0 : 1 - new Set(grams).size / grams.length;
}
