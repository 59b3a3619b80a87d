/** Per-token estimates of KL(policy || reference) from the log-probabilities of the sampled tokens. */
import { cellOf, forEachToken, type TokenShape } from './token-matrix.ts';

/**
 * With d = log pi(a|s) - log pi_ref(a|s) of the sampled token a:
 * k1 = d (unbiased); k2 = d^2 / 2; k3 = exp(-d) - 1 + d (unbiased, never negative);
 * k1-clamped = max(0, d), the one-sided clamp of AlpacaFarm, which is not a KL and is offered for parity only.
 */
const SAMPLED_ESTIMATORS = {
  k1: (difference: number) => difference,
  k2: (difference: number) => (difference * difference) / 2,
  k3: (difference: number) => Math.expm1(-difference) + difference,
  'k1-clamped': (difference: number) => Math.max(0, difference),
} as const;

export type SampledKlEstimator = keyof typeof SAMPLED_ESTIMATORS;

/** `exact` takes the KL of the whole next-token distributions, which whoever samples must supply. */
export type KlEstimator = SampledKlEstimator | 'exact';

/** One sampled estimate. @param difference log pi(a|s) - log pi_ref(a|s) in nats */
export function sampledKl(estimator: SampledKlEstimator, difference: number): number {
  return SAMPLED_ESTIMATORS[estimator](difference);
}

/**
 * Per-token KL [rows, columns] in nats; padding stays 0.
 *
 * @param policy log-probabilities of the sampled tokens under the policy that sampled them, [rows, columns]
 * @param reference the same tokens under the reference, [rows, columns]
 */
export function sampledKlMatrix(
  estimator: SampledKlEstimator,
  shape: TokenShape,
  policy: ArrayLike<number>,
  reference: ArrayLike<number>,
): Float64Array {
  const penalties = new Float64Array(shape.rows * shape.columns);
  forEachToken(shape, (cell) => {
    const difference =
      cellOf(policy, cell, 'policy log-probabilities') -
      cellOf(reference, cell, 'reference log-probabilities');
    penalties[cell] = sampledKl(estimator, difference);
  });
  return penalties;
}
