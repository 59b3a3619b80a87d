/** How large a difference of a judge's scores must be for it to mean something. */
import { requireNumbers } from './errors.ts';
import { sigmoid } from './sigmoid.ts';

/** Halvings of the bracket: beyond them nothing of a float64 is left. */
const HALVINGS = 60;

/**
 * The scale s at which P(preferred) = sigmoid(difference / s) makes known preferences likeliest: logistic regression without
 * an intercept, since neither side of a pair is special. One tie at the root mean square of the differences is added, so that
 * the scale stays above 0 where no pair contradicts the scores; the likelihood is concave in 1 / s, which bisection finds.
 *
 * @param differences score of what was preferred minus that of the other, one a pair
 * @returns null where the scores say nothing, or the opposite: every probability is then a half
 * @throws StatisticsInputError if empty or not finite
 */
export function scoreScale(differences: readonly number[]): number | null {
  requireNumbers('differences', differences);
  const { length } = differences;
  const unit = Math.sqrt(differences.reduce((sum, value) => sum + value * value, 0) / length);
  if (unit === 0 || differences.reduce((sum, value) => sum + value, 0) <= 0) return null;
  const gaps = differences.map((value) => value / unit);
  const slope = (x: number) => gaps.reduce((sum, gap) => sum + gap * sigmoid(-x * gap), 0.5 - sigmoid(x));
  // x y / (1 + exp(x y)) is at most 0.28, so that the slope is negative from here on.
  let [low, high] = [0, length + 1];
  for (let halving = 0; halving < HALVINGS; halving++) {
    const middle = (low + high) / 2;
    if (slope(middle) > 0) low = middle;
    else high = middle;
  }
  return unit / ((low + high) / 2);
}
