/** Area under the ROC curve. */
import { requireConfidence, requireNumbers, requireSameLength, UndefinedStatisticError } from './errors.ts';
import type { Interval } from './interval.ts';
import { criticalValue } from './normal-distribution.ts';
import { averageRanks } from './ranks.ts';

/** AUC with DeLong's interval. */
export interface AreaUnderCurve {
  readonly positives: number;
  readonly negatives: number;
  readonly area: number;
  readonly interval: Interval;
}

/**
 * AUC = P(score of a positive > score of a negative), ties half; interval of DeLong et al. (1988), clipped to 0..1.
 *
 * @param labels true for a positive row
 * @throws StatisticsInputError on empty, unequal or non-finite input
 * @throws UndefinedStatisticError if one of the classes has no row
 */
export function areaUnderCurve(
  scores: readonly number[],
  labels: readonly boolean[],
  confidence = 0.95,
): AreaUnderCurve {
  requireNumbers('scores', scores);
  requireSameLength('scores', scores, 'labels', labels);
  requireConfidence(confidence);
  const positive = scores.filter((_, row) => labels[row] === true);
  const negative = scores.filter((_, row) => labels[row] === false);
  if (positive.length === 0 || negative.length === 0) {
    throw new UndefinedStatisticError(
      `AUC needs both classes, got ${positive.length} positive and ${negative.length} negative rows`,
    );
  }
  // placement of a row: the share of the other class it beats, (rank among all - rank in its own class) / size of the other
  const all = averageRanks([...positive, ...negative]);
  const own = [...averageRanks(positive), ...averageRanks(negative)];
  const beaten = all.map((rank, row) => rank - (own[row] ?? 0));
  const placementsOfPositives = beaten.slice(0, positive.length).map((count) => count / negative.length);
  const placementsOfNegatives = beaten.slice(positive.length).map((count) => 1 - count / positive.length);
  const area = placementsOfPositives.reduce((sum, value) => sum + value, 0) / positive.length;
  const variance = varianceOfMean(placementsOfPositives, area) + varianceOfMean(placementsOfNegatives, area);
  const half = criticalValue(confidence) * Math.sqrt(variance);
  return {
    positives: positive.length,
    negatives: negative.length,
    area,
    interval: { lower: Math.max(0, area - half), upper: Math.min(1, area + half), confidence },
  };
}

/** Variance of the mean of placements; that of a single row is taken at its bound area (1 - area). */
function varianceOfMean(placements: readonly number[], center: number): number {
  const n = placements.length;
  if (n === 1) return center * (1 - center);
  return placements.reduce((sum, value) => sum + (value - center) ** 2, 0) / (n - 1) / n;
}
