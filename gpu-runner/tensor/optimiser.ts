/** AdamW, clipping by each group's norm and accumulation over micro-batches, written into the graph. */
import { GraphError } from './errors.ts';
import type { Value } from './graph.ts';
import * as ops from './operators.ts';

export interface AdamOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** decoupled: parameter -= learning rate * weight decay * parameter */
  readonly weightDecay: number;
  /**
   * Where epsilon is added. `corrected` (PyTorch): sqrt(v / (1 - beta2^t)) + epsilon.
   * `uncorrected` (TensorFlow, the reference PPO runs): sqrt(v) + epsilon, correcting the step size only.
   */
  readonly epsilonForm: 'corrected' | 'uncorrected';
}

/** A parameter and its two moments, all of one shape, float32. */
export interface AdamState {
  readonly parameter: Value;
  readonly firstMoment: Value;
  readonly secondMoment: Value;
}

/** What all parameters share in a step. */
export interface AdamStep {
  /** scalar */
  readonly learningRate: Value;
  /** updates done so far plus one, a floating point scalar (1 for the first) */
  readonly step: Value;
}

/**
 * One AdamW update of every parameter:
 * m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; p = p - lr decay p - lr m' / (sqrt(v') + epsilon),
 * where m' = m / (1 - beta1^t) and v' = v / (1 - beta2^t).
 */
export function adamW(
  states: readonly AdamState[],
  gradients: readonly Value[],
  { learningRate, step }: AdamStep,
  options: AdamOptions,
): readonly AdamState[] {
  if (states.length !== gradients.length) {
    throw new GraphError(`AdamW: ${states.length} parameters, ${gradients.length} gradients`);
  }
  const { beta1, beta2, epsilon, weightDecay, epsilonForm } = options;
  const correction1 = ops.subtract(1, powerOf(beta1, step));
  const rootCorrection2 = ops.sqrt(ops.subtract(1, powerOf(beta2, step)));
  // p -= size m / (sqrt(v) + shift) is both forms at once, with scalars only beside the per-element work.
  const size = ops.divide(ops.multiply(learningRate, rootCorrection2), correction1);
  const shift = epsilonForm === 'corrected' ? ops.multiply(rootCorrection2, epsilon) : epsilon;
  const keep = weightDecay === 0 ? undefined : ops.subtract(1, ops.multiply(learningRate, weightDecay));
  return states.map(({ parameter, firstMoment, secondMoment }, index) => {
    const gradient = gradients[index];
    if (gradient === undefined) throw new GraphError('AdamW: a gradient is missing');
    const nextFirst = ops.add(ops.multiply(firstMoment, beta1), ops.multiply(gradient, 1 - beta1));
    const square = ops.multiply(gradient, gradient);
    const nextSecond = ops.add(ops.multiply(secondMoment, beta2), ops.multiply(square, 1 - beta2));
    const update = ops.divide(ops.multiply(nextFirst, size), ops.add(ops.sqrt(nextSecond), shift));
    const kept = keep === undefined ? parameter : ops.multiply(parameter, keep);
    return { parameter: ops.subtract(kept, update), firstMoment: nextFirst, secondMoment: nextSecond };
  });
}

/** base ^ exponent for a constant base. */
function powerOf(base: number, exponent: Value): Value {
  const operands = [exponent.graph.scalar(base, exponent.dtype), exponent];
  return ops.emitOne('Pow', operands, exponent);
}

/** Floats that the widest register of a CPU holds. */
const REGISTER_FLOATS = 16;

/**
 * Sums of the rows of x [G, n], [G, 1], in an order that is the same for every row. The engine's sum starts a row with
 * single numbers up to the first aligned address, so that in a row whose length is no multiple of a register the order
 * would hang on how many rows stand before it: a group would train to other bits in a grid than alone.
 */
function sumOfRows(x: Value): Value {
  const [groups = 1, length] = x.shape;
  if (typeof length !== 'number') throw new GraphError('The length of a row must be known');
  const missing = (REGISTER_FLOATS - (length % REGISTER_FLOATS)) % REGISTER_FLOATS;
  const padded = missing === 0 ? x : ops.concat([x, ops.full(x.graph, 0, x.dtype, [groups, missing])], 1);
  return ops.reduceSum(padded, { axes: [1], keep: true });
}

/**
 * The gradient of each group scaled by min(1, limit / norm), as PyTorch's clip_grad_norm_, and the norms before
 * clipping.
 *
 * @param gradient [G, P], one group's whole gradient a row
 * @returns the gradient [G, P] and the norms [G, 1]
 * @throws GraphError unless P is known
 */
export function clipByGroupNorm(
  gradient: Value,
  limit: number,
): { readonly gradient: Value; readonly norms: Value } {
  const norms = ops.sqrt(sumOfRows(ops.multiply(gradient, gradient)));
  const scale = ops.minimum(ops.divide(limit, ops.add(norms, 1e-6)), 1);
  return { gradient: ops.multiply(gradient, scale), norms };
}
