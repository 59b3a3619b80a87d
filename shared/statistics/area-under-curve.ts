/** How well scores order two kinds of rows. */
import { requireNumbers, requireSameLength, UndefinedStatisticError } from './errors.ts';
import { averageRanks } from './ranks.ts';

/**
 * Area under the ROC curve: how often a row of outcome 1 scores above one of outcome 0, ties for half (Mann and Whitney's U
 * over the number of such pairs).
 *
 * @param outcomes each 0 or 1
 * @throws StatisticsInputError on empty, unequal or non-finite input; UndefinedStatisticError where all outcomes are alike
 */
export function areaUnderCurve(scores: readonly number[], outcomes: readonly number[]): number {
  requireNumbers('scores', scores);
  requireNumbers('outcomes', outcomes, 0, 1);
  requireSameLength('scores', scores, 'outcomes', outcomes);
  const positive = outcomes.reduce((sum, outcome) => sum + outcome, 0);
  const negative = outcomes.length - positive;
  if (positive === 0 || negative === 0) {
    throw new UndefinedStatisticError('all outcomes are alike: give rows of both');
  }
  const ranks = averageRanks(scores).reduce((sum, rank, row) => sum + rank * (outcomes[row] ?? 0), 0);
  return (ranks - (positive * (positive + 1)) / 2) / (positive * negative);
}
