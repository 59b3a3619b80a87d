/** The losses of the training steps, each over flat entries whose weights already hold mask and normaliser. */
import type { Value } from '../../tensor/graph.ts';
import * as ops from '../../tensor/operators.ts';

/** Sum of w x over all entries. An entry of weight 0 (padding, or masked out) adds exactly nothing. */
export function weightedSum(weights: Value, x: Value): Value {
  return ops.reduceSum(ops.multiply(weights, x));
}

/**
 * Language modelling: L = -sum_i w_i log p_i. With w = mask / (tokens of the whole batch) it is the masked mean.
 *
 * @param logProbabilities [blocks, C]
 * @param weights [blocks, C]
 */
export function languageModelLoss(logProbabilities: Value, weights: Value): Value {
  return ops.negate(weightedSum(weights, logProbabilities));
}

/**
 * Pairwise preference with soft targets: binary cross-entropy of d = r(second) - r(first) against
 * t = P(second is preferred), L = sum_i w_i (softplus(d_i) - t_i d_i).
 *
 * @param scores [pairs, 2]: r of the first and of the second response
 * @param targets [pairs] in [0, 1]
 * @param weights [pairs]
 */
export function preferenceLoss(scores: Value, targets: Value, weights: Value): Value {
  const signs = scores.graph.constant('float32', [-1, 1], [2, 1]);
  const difference = ops.squeeze(ops.matMul(scores, signs), [1]);
  return weightedSum(weights, ops.subtract(ops.softplus(difference), ops.multiply(targets, difference)));
}

/** What a direct preference loss compares the policy with: an entry is a pair of responses, or one response. */
export interface DirectPreferenceTargets {
  /**
   * [entries, blocks * C]: s for a token of the chosen response or of the only one, -s' for one of the rejected, 0 elsewhere; s is
   * 1, or 1 / tokens of the response where log p is its mean
   */
  readonly signs: Value;
  /** [entries, 1]: what the signs make of log p_ref, and what is asked for over it */
  readonly referenceMargins: Value;
  /** [entries, 1] in [0, 1]: P(chosen is better), or P(the response is desirable) */
  readonly targets: Value;
  /** [entries, 1] */
  readonly weights: Value;
}

/** z = beta (signs log p - reference), [entries, 1]. @param logProbabilities [blocks * C, 1] */
function overReference(
  logProbabilities: Value,
  { signs, referenceMargins }: DirectPreferenceTargets,
  beta: number,
): Value {
  return ops.multiply(ops.subtract(ops.matMul(signs, logProbabilities), referenceMargins), beta);
}

/**
 * Direct preference optimisation (Rafailov et al., 2023) with soft targets: with the margin
 * m = (log p(chosen) - log p(rejected)) - (log p_ref(chosen) - log p_ref(rejected)) and z = beta m,
 * L = sum_i w_i (softplus(z_i) - t_i z_i), which for t = 1 is -log sigmoid(z).
 *
 * @param logProbabilities [blocks * C, 1]
 */
export function directPreferenceLoss(
  logProbabilities: Value,
  entries: DirectPreferenceTargets,
  beta: number,
): Value {
  const { targets, weights } = entries;
  const z = overReference(logProbabilities, entries, beta);
  return weightedSum(weights, ops.subtract(ops.softplus(z), ops.multiply(targets, z)));
}

/**
 * Kahneman-Tversky optimisation (Ethayarajh et al., 2024) with soft targets and both losses weighed alike: with
 * z = beta (log p - log p_ref - z0) of one response,
 * L = sum_i w_i (1 - t_i sigmoid(z_i) - (1 - t_i) sigmoid(-z_i)) = sum_i w_i (t_i + (1 - 2 t_i) sigmoid(z_i)).
 *
 * @param logProbabilities [blocks * C, 1]
 * @param entries of one response each; z0 stands in their references
 */
export function prospectLoss(logProbabilities: Value, entries: DirectPreferenceTargets, beta: number): Value {
  const { targets, weights } = entries;
  const value = ops.sigmoid(overReference(logProbabilities, entries, beta));
  const direction = ops.add(ops.multiply(targets, -2), 1);
  return weightedSum(weights, ops.add(targets, ops.multiply(direction, value)));
}

/** What the policy loss compares the policy with; all [blocks, C]. */
export interface PolicyTargets {
  readonly oldLogProbabilities: Value;
  readonly advantages: Value;
  readonly weights: Value;
}

/**
 * Clipped policy loss: with ratio = exp(log p - log p_old),
 * L = sum_i w_i max(-A_i ratio_i, -A_i clip(ratio_i, 1 - e, 1 + e)).
 */
export function policyLoss(logProbabilities: Value, targets: PolicyTargets, clip: number): Value {
  const { oldLogProbabilities, advantages, weights } = targets;
  const ratio = ops.exp(ops.subtract(logProbabilities, oldLogProbabilities));
  const plain = ops.multiply(advantages, ratio);
  const clipped = ops.multiply(advantages, ops.clip(ratio, 1 - clip, 1 + clip));
  return ops.negate(weightedSum(weights, ops.minimum(plain, clipped)));
}

/** What the value loss compares the value with; all of one shape. */
export interface ValueTargets {
  readonly oldValues: Value;
  readonly returns: Value;
  readonly weights: Value;
}

/**
 * Clipped value loss: with v' = v_old + clip(v - v_old, -e, e),
 * L = sum_i w_i max((v_i - R_i)^2, (v'_i - R_i)^2) / 2.
 */
export function valueLoss(values: Value, targets: ValueTargets, clip: number): Value {
  const { oldValues, returns, weights } = targets;
  const near = ops.add(oldValues, ops.clip(ops.subtract(values, oldValues), -clip, clip));
  const plain = ops.subtract(values, returns);
  const clipped = ops.subtract(near, returns);
  const worse = ops.maximum(ops.multiply(plain, plain), ops.multiply(clipped, clipped));
  return ops.multiply(weightedSum(weights, worse), 0.5);
}
