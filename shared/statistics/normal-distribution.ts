/** The standard normal distribution in float64: cdf to about 1e-15, quantile by Newton steps on it. */
import { StatisticsInputError } from './errors.ts';

const SQRT_2PI = Math.sqrt(2 * Math.PI);

/** Density of N(0, 1). */
export function normalDensity(x: number): number {
  return Math.exp((-x * x) / 2) / SQRT_2PI;
}

/**
 * P(Z <= x). |x| < 3: Phi(x) = 1/2 + phi(x) (x + x^3/3 + x^5/(3 5) + ...); beyond: the continued fraction of the upper
 * tail, Q(x) = phi(x) / (x + 1/(x + 2/(x + 3/(x + ...)))).
 */
export function normalCdf(x: number): number {
  if (Number.isNaN(x)) return Number.NaN;
  if (Math.abs(x) < 3) {
    let term = x;
    let sum = x;
    for (let odd = 3; Math.abs(term) > 1e-17 * Math.abs(sum); odd += 2) {
      term *= (x * x) / odd;
      sum += term;
    }
    return 0.5 + normalDensity(x) * sum;
  }
  const z = Math.abs(x);
  let fraction = z;
  for (let level = 120; level >= 1; level--) fraction = z + level / fraction;
  const tail = normalDensity(z) / fraction;
  return x > 0 ? 1 - tail : tail;
}

/**
 * The x with P(Z <= x) = probability: Newton's method from 0 in the lower half, where the cdf is convex and the steps
 * cannot overshoot twice; the upper half by symmetry.
 *
 * @throws StatisticsInputError unless 0 < probability < 1
 */
export function normalQuantile(probability: number): number {
  if (!(probability > 0 && probability < 1)) {
    throw new StatisticsInputError(`probability must lie strictly between 0 and 1, got ${probability}`);
  }
  if (probability > 0.5) return -normalQuantile(1 - probability);
  let x = probability > 0.02 ? 0 : -Math.sqrt(-2 * Math.log(probability));
  for (let step = 0; step < 60; step++) {
    const change = (normalCdf(x) - probability) / normalDensity(x);
    x -= change;
    if (Math.abs(change) < 1e-14 * (1 + Math.abs(x))) break;
  }
  return x;
}

/** The two-sided critical value: 1.96 for a confidence of 0.95. */
export function criticalValue(confidence: number): number {
  return normalQuantile((1 + confidence) / 2);
}
