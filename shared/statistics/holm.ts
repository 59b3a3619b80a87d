/** Many tests at once: p-values that keep the chance of any false finding. */
import { requireNumbers } from './errors.ts';

/**
 * Holm (1979): with p(1) <= ... <= p(m), adjusted p(i) = max over j <= i of min(1, (m - j + 1) p(j)). Below alpha they are found
 * with a chance of at most alpha that any of them is false, however the tests hang together.
 *
 * @returns adjusted p-values in the order of `pValues`
 * @throws StatisticsInputError if empty or outside 0..1
 */
export function holm(pValues: readonly number[]): number[] {
  requireNumbers('pValues', pValues, 0, 1);
  const ascending = pValues.map((p, test) => ({ p, test })).sort((one, other) => one.p - other.p);
  const adjusted = pValues.map(() => 1);
  let highest = 0;
  for (const [rank, { p, test }] of ascending.entries()) {
    highest = Math.max(highest, Math.min(1, (pValues.length - rank) * p));
    adjusted[test] = highest;
  }
  return adjusted;
}
