/** How a student's scores become probabilities, and which texts it knows. */
import { type Calibration, SCORER_FORMAT } from '../../../shared/scoring/calibration.ts';
import { addSeen, countSeen, SEEN_BITS } from '../../../shared/scoring/features.ts';
import { sortedQuantile } from '../../../shared/statistics/summary.ts';
import type { JudgedPair, ScoredPair } from './teacher-scores.ts';
import { sigmoid } from '../../../shared/statistics/sigmoid.ts';

/** The words of the training responses as a set of bits, [SEEN_BITS / 8] bytes. */
export function seenWordsOf(train: readonly ScoredPair[]): Uint8Array {
  const bits = new Uint8Array(SEEN_BITS / 8);
  for (const { first, second } of train) {
    addSeen(bits, first.words);
    addSeen(bits, second.words);
  }
  return bits;
}

/** Steps of Newton's method for one number; it converges quadratically. */
const NEWTON_STEPS = 50;
const [FLATTEST, STEEPEST] = [1e-3, 1e3];

/**
 * The slope b for which sigmoid(b x difference) fits the targets best (cross entropy, by Newton's method).
 * Symmetric in the order of a pair, so it has no intercept.
 */
export function fitSlope(differences: readonly number[], targets: readonly number[]): number {
  let slope = 1;
  for (let step = 0; step < NEWTON_STEPS; step++) {
    let [gradient, curvature] = [0, 1e-9];
    for (const [row, difference] of differences.entries()) {
      const probability = sigmoid(slope * difference);
      gradient += (probability - (targets[row] ?? 0)) * difference;
      curvature += probability * (1 - probability) * difference * difference;
    }
    slope = Math.min(STEEPEST, Math.max(FLATTEST, slope - gradient / curvature));
  }
  return slope;
}

/**
 * @param heldOut pairs that trained nothing: the simulated ones, whose labels are known, fit the slope where they are
 *   labelled, the teacher's own probability where not; the fresh ones are the base model's own responses
 */
export function calibrateScorer(
  heldOut: readonly JudgedPair[],
  train: readonly ScoredPair[],
  seenWords: Uint8Array,
): Calibration {
  const ascending = (values: readonly number[]) => Float64Array.from(values).sort();
  const fresh = ascending(
    heldOut
      .filter(({ source }) => source === 'fresh')
      .flatMap(({ firstStudent, secondStudent }) => [firstStudent, secondStudent]),
  );
  const lengths = ascending(train.flatMap(({ first, second }) => [first.words.length, second.words.length]));
  const known = ascending(
    heldOut.flatMap(({ first, second }) => [first, second]).map(({ words }) => knownShare(words, seenWords)),
  );
  return {
    format: SCORER_FORMAT,
    slope: fitSlope(
      heldOut.map(({ firstStudent, secondStudent }) => firstStudent - secondStudent),
      heldOut.map(({ label, firstScore, secondScore }) => label ?? sigmoid(firstScore - secondScore)),
    ),
    baseQuantiles: Array.from({ length: 101 }, (_, percent) => sortedQuantile(fresh, percent / 100)),
    words: { lower: sortedQuantile(lengths, 0.01), upper: sortedQuantile(lengths, 0.99) },
    knownShare: sortedQuantile(known, 0.01),
  };
}

function knownShare(words: readonly string[], seenWords: Uint8Array): number {
  return words.length === 0 ? 1 : countSeen(seenWords, words) / words.length;
}
