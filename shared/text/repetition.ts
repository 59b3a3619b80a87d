/** Repetition inside texts, duplicates among them, and overlap with a prompt. */
import { ngrams } from './ngrams.ts';
import type { Token } from './ngrams.ts';

/** Share of a sequence's n-grams that occurred in it before; 0 when it has none. */
export function repeatedNgramShare(sequence: readonly Token[], n: number): number {
  const grams = ngrams(sequence, n);
  return grams.length === 0 ? 0 : 1 - new Set(grams).size / grams.length;
}

/** Share of texts that equal an earlier one of the list exactly; 0 for an empty list. */
export function duplicateShare(texts: readonly string[]): number {
  return texts.length === 0 ? 0 : 1 - new Set(texts).size / texts.length;
}

/** Share of the response's n-grams that also occur in the prompt; 0 when the response has none. */
export function promptOverlap(prompt: readonly Token[], response: readonly Token[], n: number): number {
  const known = new Set(ngrams(prompt, n));
  const grams = ngrams(response, n);
  return grams.length === 0 ? 0 : grams.filter((gram) => known.has(gram)).length / grams.length;
}
