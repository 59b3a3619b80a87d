/** Student's interval of a mean of few values, such as one of each training run. */
import type { Interval } from './interval.ts';
import { UndefinedStatisticError } from './errors.ts';
import { mean, standardDeviation } from './summary.ts';

const CONFIDENCE = 0.95;
/** The 0.975 quantile of Student's distribution at 1, 2, ... degrees of freedom. */
const QUANTILES = [
  12.706205, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912, 2.364624, 2.306004, 2.262157, 2.228139,
];
/** The same of the normal distribution. */
const NORMAL = 1.959963984540054;

/**
 * 95 % interval of the mean that values are drawn around: mean +- t s / sqrt(n), with t at n - 1 degrees of freedom.
 *
 * @throws UndefinedStatisticError for one value; StatisticsInputError on empty or non-finite input
 */
export function studentInterval(values: readonly number[]): Interval {
  if (values.length === 1) throw new UndefinedStatisticError('one value does not tell how values differ');
  const center = mean(values);
  const half = (quantile(values.length - 1) * standardDeviation(values)) / Math.sqrt(values.length);
  return { lower: center - half, upper: center + half, confidence: CONFIDENCE };
}

/** Beyond the table by the expansion in 1 / degrees (Abramowitz and Stegun, 26.7.5), right to 2e-5 there. */
function quantile(degrees: number): number {
  const z = NORMAL;
  const terms = [
    z,
    (z ** 3 + z) / 4,
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96,
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384,
  ];
  return QUANTILES[degrees - 1] ?? terms.reduce((sum, term, power) => sum + term / degrees ** power, 0);
}
