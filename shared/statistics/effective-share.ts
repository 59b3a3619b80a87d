/** A mean of values in 0..1 as the independent trials that would leave it as uncertain. */
import { requireNumbers, requireSameLength } from './errors.ts';
import type { Share } from './corrected-win-rate.ts';

/**
 * Rows of one prompt hang together, which makes a mean less certain than its rows say, and ties as halves vary less than wins
 * and losses, which makes it more certain. n is what a binomial of the same mean m needs for the same variance,
 * m (1 - m) / V, with V = sum_c (sum of x - m over cluster c)^2 / rows^2: the rows themselves where none is a tie and each
 * has a prompt of its own. V is at least what independent rows would give, sum (x - m)^2 / rows^2: of few clusters it may come
 * out smaller, even 0, by chance alone.
 *
 * @param values one a row, in 0..1
 * @param clusters the cluster of each row (its prompt)
 * @returns the rows themselves where V tells nothing, too: one cluster, or no variation
 * @throws StatisticsInputError if empty, of unequal length or out of range
 */
export function effectiveShare(values: readonly number[], clusters: readonly (string | number)[]): Share {
  requireNumbers('values', values, 0, 1);
  requireSameLength('values', values, 'clusters', clusters);
  const { length } = values;
  const mean = values.reduce((sum, value) => sum + value, 0) / length;
  const sums = new Map<string | number, number>();
  for (const [row, cluster] of clusters.entries()) {
    sums.set(cluster, (sums.get(cluster) ?? 0) + (values[row] ?? Number.NaN) - mean);
  }
  const ofClusters = [...sums.values()].reduce((sum, value) => sum + value * value, 0);
  const ofRows = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const isTold = sums.size > 1 && ofRows > 0;
  const n = isTold ? (mean * (1 - mean) * length ** 2) / Math.max(ofClusters, ofRows) : length;
  return { successes: mean * n, n };
}
