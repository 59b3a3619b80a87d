/** Agreement of two raters: accuracy, and Cohen's kappa with its interval. */
import { requireConfidence, requireNumbers, requireSameLength, UndefinedStatisticError } from './errors.ts';
import type { Interval } from './interval.ts';
import { criticalValue } from './normal-distribution.ts';
import { wilsonInterval } from './wilson-interval.ts';

/** A share of right answers, with Wilson's interval. */
export interface Accuracy {
  readonly n: number;
  readonly accuracy: number;
  readonly interval: Interval;
}

/**
 * Mean of per-row correctness; the agreement of a preference model with human labels, say.
 *
 * @param correct 1 right, 0 wrong, 0.5 for a tie of the scores
 * @throws StatisticsInputError if empty or outside 0..1
 */
export function accuracy(correct: readonly number[], confidence = 0.95): Accuracy {
  requireNumbers('correct', correct, 0, 1);
  const sum = correct.reduce((total, value) => total + value, 0);
  return {
    n: correct.length,
    accuracy: sum / correct.length,
    interval: wilsonInterval(sum, correct.length, confidence),
  };
}

/** Cohen's kappa and what it corrects for. */
export interface Kappa {
  readonly n: number;
  readonly kappa: number;
  readonly observedAgreement: number;
  readonly chanceAgreement: number;
  readonly interval: Interval;
}

/**
 * Cohen's kappa of two raters over any number of categories; interval from the large-sample variance of Fleiss, Cohen
 * and Everitt (1969), clipped to -1..1.
 *
 * @throws StatisticsInputError if empty or of unequal length
 * @throws UndefinedStatisticError if both raters used one and the same category throughout
 */
export function cohensKappa<Label extends string | number | boolean>(
  ratingsA: readonly Label[],
  ratingsB: readonly Label[],
  confidence = 0.95,
): Kappa {
  requireSameLength('ratingsA', ratingsA, 'ratingsB', ratingsB);
  requireConfidence(confidence);
  requireNumbers(
    'ratings',
    ratingsA.map(() => 1),
  ); // says what is wrong when there are none
  const n = ratingsA.length;
  const categories = [...new Set([...ratingsA, ...ratingsB])];
  const share = (ratings: readonly Label[], label: Label) =>
    ratings.filter((rating) => rating === label).length / n;
  const rows = new Map(categories.map((label) => [label, share(ratingsA, label)]));
  const columns = new Map(categories.map((label) => [label, share(ratingsB, label)]));
  const a = (label: Label | undefined) => (label === undefined ? 0 : (rows.get(label) ?? 0));
  const b = (label: Label | undefined) => (label === undefined ? 0 : (columns.get(label) ?? 0));
  const observed = ratingsA.filter((rating, row) => rating === ratingsB[row]).length / n;
  const chance = categories.reduce((sum, label) => sum + a(label) * b(label), 0);
  if (chance === 1) {
    throw new UndefinedStatisticError(
      `both raters only ever said "${String(categories[0])}": kappa has no meaning`,
    );
  }
  const kappa = (observed - chance) / (1 - chance);
  // var = [sum_i p_ii (1 - (a_i + b_i)(1 - k))^2 + (1 - k)^2 sum_{i != j} p_ij (b_i + a_j)^2 - (k - c (1 - k))^2] / (n (1 - c)^2)
  let sum = 0;
  for (const [row, ratingA] of ratingsA.entries()) {
    const ratingB = ratingsB[row];
    sum +=
      ratingA === ratingB
        ? (1 - (a(ratingA) + b(ratingA)) * (1 - kappa)) ** 2
        : (1 - kappa) ** 2 * (b(ratingA) + a(ratingB)) ** 2;
  }
  const variance = Math.max(0, sum / n - (kappa - chance * (1 - kappa)) ** 2) / (n * (1 - chance) ** 2);
  const half = criticalValue(confidence) * Math.sqrt(variance);
  return {
    n,
    kappa,
    observedAgreement: observed,
    chanceAgreement: chance,
    interval: { lower: Math.max(-1, kappa - half), upper: Math.min(1, kappa + half), confidence },
  };
}
