/** Per-token estimates of KL(policy || reference) from the log-probabilities of the sampled tokens. */
import { cellOf, forEachToken, type TokenShape } from './token-matrix.ts';

/**
 * With d = log pi(a|s) - log pi_ref(a|s) of the sampled token a:
 * k1 = d (unbiased); k2 = d^2 / 2; k3 = exp(-d) - 1 + d (unbiased, never negative);
 * k1-clamped = max(0, d), the one-sided clamp of AlpacaFarm, which is not a KL and is offered for parity only.
 * The KL of the whole next-token distributions is {@link distributionKl}.
 */
const SAMPLED_ESTIMATORS = {
  k1: (difference: number) => difference,
  k2: (difference: number) => (difference * difference) / 2,
  k3: (difference: number) => Math.expm1(-difference) + difference,
  'k1-clamped': (difference: number) => Math.max(0, difference),
} as const;

type SampledKlEstimator = keyof typeof SAMPLED_ESTIMATORS;

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

/**
 * KL(p || q) = sum_v p_v (log p_v - log q_v) in nats, p and q being softmaxes of logits [vocabulary], summed in float64.
 * Rounding can leave it a hair below 0 where p = q; it is 0 then.
 */
export function distributionKl(policyLogits: ArrayLike<number>, referenceLogits: ArrayLike<number>): number {
  const policyTop = largest(policyLogits);
  const referenceTop = largest(referenceLogits);
  let [policySum, referenceSum, weighted] = [0, 0, 0];
  for (let token = 0; token < policyLogits.length; token++) {
    const policy = cellOf(policyLogits, token, 'policy logits') - policyTop;
    const reference = cellOf(referenceLogits, token, 'reference logits') - referenceTop;
    const weight = Math.exp(policy);
    policySum += weight;
    referenceSum += Math.exp(reference);
    weighted += weight * (policy - reference);
  }
  return Math.max(0, weighted / policySum - Math.log(policySum) + Math.log(referenceSum));
}

function largest(values: ArrayLike<number>): number {
  let most = -Infinity;
  for (let index = 0; index < values.length; index++) most = Math.max(most, values[index] ?? -Infinity);
  return most;
}
