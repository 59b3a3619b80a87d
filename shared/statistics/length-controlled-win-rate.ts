/** Length-controlled win rate (after AlpacaEval 2, Dubois et al. 2024): what the rate would be at equal lengths. */
import { requireConfidence, requireNumbers, requireSameLength, UndefinedStatisticError } from './errors.ts';
import type { Interval } from './interval.ts';
import { criticalValue } from './normal-distribution.ts';
import { sigmoid } from './sigmoid.ts';

/** A length-controlled win rate. */
export interface LengthControlledWinRate {
  readonly n: number;
  /** The plain win rate, ties as halves. */
  readonly rate: number;
  readonly lengthControlledRate: number;
  /** Wald interval of the intercept, carried through the logistic function; robust to clusters where they are given. */
  readonly interval: Interval;
  /** Gain in log-odds when the length difference rises from 0 to far above its standard deviation. */
  readonly lengthCoefficient: number;
}

/**
 * Fits logit P(first wins) = a + b tanh(d / sd(d)) with d = length(first) - length(second), and gives sigmoid(a), the
 * rate at d = 0. As in AlpacaEval the tanh bounds the effect of extreme differences; its per-instruction difficulty
 * term is left out, because it needs many other systems on the same prompts.
 * Newton's method in float64 on the likelihood with Firth's penalty, so the estimate is finite even at 0 or 100 % wins.
 *
 * @param scores first system's share per prompt, in 0..1 (0.5 = tie)
 * @param lengthDifferences length of the first minus the second response, same unit throughout
 * @param clusters the cluster of each row (its prompt, where several seeds answered it): the interval's variance is then
 *   Liang and Zeger's (1986), I^-1 (sum_c u_c u_c^T) I^-1 C / (C - 1), u_c the summed scores of cluster c
 * @throws StatisticsInputError on empty, unequal or non-finite input
 * @throws UndefinedStatisticError if every difference is the same and not 0 (length and quality cannot be told apart), or
 *   there is only one cluster
 */
export function lengthControlledWinRate(
  scores: readonly number[],
  lengthDifferences: readonly number[],
  { confidence = 0.95, clusters }: { confidence?: number; clusters?: readonly (string | number)[] } = {},
): LengthControlledWinRate {
  requireNumbers('scores', scores, 0, 1);
  requireNumbers('lengthDifferences', lengthDifferences);
  requireSameLength('scores', scores, 'lengthDifferences', lengthDifferences);
  requireConfidence(confidence);
  if (clusters !== undefined) requireSameLength('scores', scores, 'clusters', clusters);
  const n = scores.length;
  const center = lengthDifferences.reduce((sum, d) => sum + d, 0) / n;
  const sd = Math.sqrt(lengthDifferences.reduce((sum, d) => sum + (d - center) ** 2, 0) / n);
  if (sd === 0 && center !== 0) {
    throw new UndefinedStatisticError(
      `every length difference is ${center}: length and quality cannot be told apart; judge responses of varied length`,
    );
  }
  const x = lengthDifferences.map((d) => (sd === 0 ? 0 : Math.tanh(d / sd)));
  const fit = fitFirth(scores, x, sd !== 0);
  const variance = clusters === undefined ? fit.inverse[0] : clusteredVariance(fit, scores, x, clusters);
  const half = criticalValue(confidence) * Math.sqrt(variance);
  return {
    n,
    rate: scores.reduce((sum, score) => sum + score, 0) / n,
    lengthControlledRate: sigmoid(fit.intercept),
    interval: { lower: sigmoid(fit.intercept - half), upper: sigmoid(fit.intercept + half), confidence },
    lengthCoefficient: fit.slope,
  };
}

interface Fit {
  readonly intercept: number;
  readonly slope: number;
  /** First row of the inverse information matrix; its first number is the intercept's variance for independent rows. */
  readonly inverse: readonly [number, number];
}

/** Variance of the intercept when rows of a cluster hang together: only sums over whole clusters count. */
function clusteredVariance(
  { intercept, slope, inverse: [v00, v01] }: Fit,
  y: readonly number[],
  x: readonly number[],
  clusters: readonly (string | number)[],
): number {
  const influence = new Map<string | number, number>();
  for (const [row, cluster] of clusters.entries()) {
    const value = x[row] ?? Number.NaN;
    const residual = (y[row] ?? Number.NaN) - sigmoid(intercept + slope * value);
    influence.set(cluster, (influence.get(cluster) ?? 0) + (v00 + v01 * value) * residual);
  }
  const count = influence.size;
  if (count < 2) throw new UndefinedStatisticError('one cluster alone says nothing of how clusters vary');
  const squares = [...influence.values()].reduce((sum, value) => sum + value * value, 0);
  return (squares * count) / (count - 1);
}

/** Firth's score: sum_i (y_i - p_i + h_i (1/2 - p_i)) x_i = 0 with h_i the leverage of row i. */
function fitFirth(y: readonly number[], x: readonly number[], withSlope: boolean): Fit {
  let [intercept, slope] = [0, 0];
  for (let step = 0; step < 200; step++) {
    let [i00, i01, i11] = [0, 0, withSlope ? 0 : 1];
    for (const value of x) {
      const p = sigmoid(intercept + slope * value);
      const weight = p * (1 - p);
      i00 += weight;
      i01 += weight * value;
      i11 += weight * value * value;
    }
    const determinant = i00 * i11 - i01 * i01;
    const [v00, v01, v11] = [i11 / determinant, -i01 / determinant, withSlope ? i00 / determinant : 0];
    let [score0, score1] = [0, 0];
    for (const [row, value] of x.entries()) {
      const p = sigmoid(intercept + slope * value);
      const leverage = p * (1 - p) * (v00 + 2 * v01 * value + v11 * value * value);
      const residual = (y[row] ?? Number.NaN) - p + leverage * (0.5 - p);
      score0 += residual;
      score1 += residual * value;
    }
    const changes = [v00 * score0 + v01 * score1, withSlope ? v01 * score0 + v11 * score1 : 0] as const;
    const largest = Math.max(Math.abs(changes[0]), Math.abs(changes[1]));
    const scale = largest > 1 ? 1 / largest : 1;
    intercept += scale * changes[0];
    slope += scale * changes[1];
    if (largest < 1e-8) return { intercept, slope, inverse: [v00, v01] };
  }
  throw new UndefinedStatisticError(
    'the length-controlled fit did not converge in 200 steps: wins and length difference separate the data; judge more pairs',
  );
}
