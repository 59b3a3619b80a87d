/** Win rate with ties as halves. */
import { requireNumbers } from './errors.ts';
import type { Interval } from './interval.ts';
import { wilsonInterval } from './wilson-interval.ts';

/** A win rate and what stands behind it. */
export interface WinRate {
  readonly n: number;
  readonly wins: number;
  readonly losses: number;
  /** Comparisons scored strictly between 0 and 1 (0.5, or a quarter when one of two orders was a tie). */
  readonly ties: number;
  readonly rate: number;
  /** Wilson's interval at n comparisons. */
  readonly interval: Interval;
}

/**
 * Win rate of the first system.
 *
 * @param scores one number in 0..1 per prompt: 1 won, 0 lost, 0.5 tied or unreadable; with both orders judged, the mean
 *   of the two, so that n counts prompts and not calls
 * @throws StatisticsInputError if empty or outside 0..1
 */
export function winRate(scores: readonly number[], confidence = 0.95): WinRate {
  requireNumbers('scores', scores, 0, 1);
  const sum = scores.reduce((total, score) => total + score, 0);
  const wins = scores.filter((score) => score === 1).length;
  const losses = scores.filter((score) => score === 0).length;
  return {
    n: scores.length,
    wins,
    losses,
    ties: scores.length - wins - losses,
    rate: sum / scores.length,
    interval: wilsonInterval(sum, scores.length, confidence),
  };
}
