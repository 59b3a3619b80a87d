/** Log-likelihoods of whole responses, each behind its prompt. */
import type { Sequence } from '../llama/model/sequence.ts';

/** Log-probabilities of every token from `start` on, one row a sequence. */
export type TokenLogProbabilities = (
  sequences: readonly Sequence<Int32Array>[],
  signal: AbortSignal,
) => Promise<readonly Float32Array[]>;

/** Texts that are read at a time: a bound on memory, which changes no number. */
const READ_AT_A_TIME = 256;

/**
 * The sum of each sequence's log-probabilities in nats, in order. Texts of like length are read together, since rows that go
 * through the engine together are as long as the longest of them.
 */
export async function totalNats(
  sequences: readonly Sequence<Int32Array>[],
  score: TokenLogProbabilities,
  signal: AbortSignal,
): Promise<Float64Array> {
  const totals = new Float64Array(sequences.length);
  const places = sequences
    .map(({ tokens: { length } }, place) => ({ length, place }))
    .sort((a, b) => a.length - b.length)
    .map(({ place }) => place);
  for (let start = 0; start < places.length; start += READ_AT_A_TIME) {
    const part = places.slice(start, start + READ_AT_A_TIME);
    const rows = await score(
      part.flatMap((place) => sequences[place] ?? []),
      signal,
    );
    part.forEach((place, row) => {
      totals[place] = Array.from(rows[row] ?? [Number.NaN]).reduce((sum, value) => sum + value, 0);
    });
  }
  return totals;
}
