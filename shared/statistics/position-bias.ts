/** A judge's preference for what it reads first, from pairs judged in both orders. */
import { requireConfidence, requireNumbers, requireSameLength } from './errors.ts';
import type { Interval } from './interval.ts';
import { criticalValue } from './normal-distribution.ts';

/** Position bias of a judge. */
export interface PositionBias {
  readonly n: number;
  /** How often the first place wins (ties half), minus a half: 0 is fair, 0.5 always chooses what it reads first. */
  readonly bias: number;
  readonly interval: Interval;
  /** Share of pairs in which both orders name the same winner, or both tie. */
  readonly consistency: number;
}

/**
 * @param shownFirst score of system A (1 won, 0 lost, 0.5 tie) when A was shown first, one per pair
 * @param shownSecond score of A on the same pair when A was shown second
 * @returns bias with an adjusted Wald interval (after Agresti and Min 2005: half a pair added to either kind of biased
 *   verdict and one to the fair kind), so it does not shrink to a point when no biased pair was seen
 * @throws StatisticsInputError on empty, unequal or out-of-range input
 */
export function positionBias(
  shownFirst: readonly number[],
  shownSecond: readonly number[],
  confidence = 0.95,
): PositionBias {
  requireNumbers('shownFirst', shownFirst, 0, 1);
  requireNumbers('shownSecond', shownSecond, 0, 1);
  requireSameLength('shownFirst', shownFirst, 'shownSecond', shownSecond);
  requireConfidence(confidence);
  const n = shownFirst.length;
  // share of the first place per pair, minus 1/2: (f + (1 - s)) / 2 - 1/2 = (f - s) / 2
  const biases = shownFirst.map((score, pair) => (score - (shownSecond[pair] ?? 0)) / 2);
  const sum = biases.reduce((total, value) => total + value, 0);
  const squares = biases.reduce((total, value) => total + value * value, 0);
  const adjustedMean = sum / (n + 2);
  const variance = (squares + 0.25) / (n + 2) - adjustedMean ** 2;
  const half = criticalValue(confidence) * Math.sqrt(variance / (n + 2));
  return {
    n,
    bias: sum / n,
    interval: {
      lower: Math.max(-0.5, adjustedMean - half),
      upper: Math.min(0.5, adjustedMean + half),
      confidence,
    },
    consistency: shownFirst.filter((score, pair) => score === shownSecond[pair]).length / n,
  };
}
