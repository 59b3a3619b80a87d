/** Seeded percentile bootstrap, over rows. */
import { definedOrNull, requireConfidence, StatisticsInputError, UndefinedStatisticError } from './errors.ts';
import type { Interval } from './interval.ts';
import { resampleIndices } from './resample.ts';
import { sortedQuantile } from './summary.ts';

export interface BootstrapOptions {
  readonly seed: number;
  /** 2,000 unless told: the ends of a 95 % interval then rest on 50 resamples each. */
  readonly resamples?: number;
  readonly confidence?: number;
}

/** A percentile interval, and how many resamples had no defined statistic and were left out. */
export interface BootstrapInterval extends Interval {
  readonly resamples: number;
  readonly undefinedResamples: number;
}

/**
 * Percentile interval of any statistic of n exchangeable rows.
 *
 * @param statistic gets the row numbers of one resample (n of them, the array is reused) and gives one number; it may
 *   throw UndefinedStatisticError, such resamples are counted and left out
 * @throws StatisticsInputError if n < 1; UndefinedStatisticError if more than half of the resamples are undefined
 */
export function bootstrapInterval(
  n: number,
  statistic: (rows: Uint32Array) => number,
  options: BootstrapOptions,
): BootstrapInterval {
  const { seed, resamples = 2000, confidence = 0.95 } = options;
  requireConfidence(confidence);
  if (!Number.isInteger(n) || n < 1)
    throw new StatisticsInputError(`need at least one row to resample, got ${n}`);
  if (!Number.isInteger(resamples) || resamples < 1) {
    throw new StatisticsInputError(`resamples must be a positive integer, got ${resamples}`);
  }
  const rows = new Uint32Array(n);
  const values: number[] = [];
  for (let resample = 0; resample < resamples; resample++) {
    const value = definedOrNull(() => statistic(resampleIndices(rows, seed, resample)));
    if (value === null) continue;
    if (Number.isNaN(value)) throw new StatisticsInputError('the statistic of a resample is NaN');
    values.push(value);
  }
  if (values.length * 2 < resamples) {
    throw new UndefinedStatisticError(
      `the statistic is undefined in ${resamples - values.length} of ${resamples} resamples: collect more rows`,
    );
  }
  const ascending = Float64Array.from(values).sort();
  return {
    lower: sortedQuantile(ascending, (1 - confidence) / 2),
    upper: sortedQuantile(ascending, (1 + confidence) / 2),
    confidence,
    resamples,
    undefinedResamples: resamples - values.length,
  };
}

/** Percentile interval of a mean. @throws StatisticsInputError if `values` is empty */
export function bootstrapMean(values: readonly number[], options: BootstrapOptions): BootstrapInterval {
  return bootstrapInterval(
    values.length,
    (rows) => {
      let sum = 0;
      for (const row of rows) sum += values[row] ?? Number.NaN;
      return sum / rows.length;
    },
    options,
  );
}
