/** The n-grams of a token sequence. */

/** Words or token ids. */
export type Token = string | number;

/** Every run of n tokens as one string, in order; empty when the sequence is shorter than n. @throws RangeError if n < 1 */
export function ngrams(sequence: readonly Token[], n: number): string[] {
  if (!Number.isInteger(n) || n < 1) throw new RangeError(`n must be a positive integer, got ${n}`);
  return Array.from({ length: Math.max(0, sequence.length - n + 1) }, (_, start) =>
    sequence.slice(start, start + n).join('\u0001'),
  );
}
