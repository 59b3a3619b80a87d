/** Mean, standard deviation, quantiles. */
import { requireNumbers, StatisticsInputError, UndefinedStatisticError } from './errors.ts';

/** Arithmetic mean. @throws StatisticsInputError on empty or non-finite input */
export function mean(values: readonly number[]): number {
  requireNumbers('values', values);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * Sample standard deviation (divisor n - 1), two passes.
 *
 * @throws UndefinedStatisticError for a single value; StatisticsInputError on empty or non-finite input
 */
export function standardDeviation(values: readonly number[]): number {
  const center = mean(values);
  if (values.length < 2) {
    throw new UndefinedStatisticError('the standard deviation of one value is undefined: give at least two');
  }
  return Math.sqrt(values.reduce((sum, value) => sum + (value - center) ** 2, 0) / (values.length - 1));
}

/**
 * Quantile with linear interpolation between order statistics (Hyndman and Fan's type 7, numpy's default).
 *
 * @throws StatisticsInputError on empty or non-finite input, or a probability outside 0..1
 */
export function quantile(values: readonly number[], probability: number): number {
  requireNumbers('values', values);
  return sortedQuantile(
    [...values].sort((a, b) => a - b),
    probability,
  );
}

/** {@link quantile} of values that are already ascending. */
export function sortedQuantile(ascending: ArrayLike<number>, probability: number): number {
  if (!(probability >= 0 && probability <= 1)) {
    throw new StatisticsInputError(`probability must lie in 0..1, got ${probability}`);
  }
  const position = (ascending.length - 1) * probability;
  const below = Math.floor(position);
  const low = ascending[below] ?? Number.NaN;
  const high = ascending[below + 1] ?? low;
  return low + (position - below) * (high - low);
}

/** A sample in seven numbers; `standardDeviation` is null for a single value. */
export interface Summary {
  readonly n: number;
  readonly mean: number;
  readonly standardDeviation: number | null;
  readonly minimum: number;
  readonly median: number;
  readonly maximum: number;
}

/** Summary of a sample. @throws StatisticsInputError on empty or non-finite input */
export function summarise(values: readonly number[]): Summary {
  return {
    n: values.length,
    mean: mean(values),
    standardDeviation: values.length < 2 ? null : standardDeviation(values),
    minimum: quantile(values, 0),
    median: quantile(values, 0.5),
    maximum: quantile(values, 1),
  };
}
