/** The optimiser of a whole model: AdamW for vectors and embeddings, Muon's orthogonal updates for matrices. */
import type { Value } from '../../tensor/graph.ts';
import * as ops from '../../tensor/operators.ts';
import { type AdamOptions, type AdamState, type AdamStep, adamW } from '../../tensor/optimiser.ts';
import { nearlyOrthogonal } from '../../tensor/orthogonal.ts';
import type { FlatTensor } from '../model/flat-layout.ts';
import { cutFlat } from '../model/graph-weights.ts';

/** AdamW with the clipping of each group's own gradient norm. */
export interface OptimiserOptions extends AdamOptions {
  readonly clipNorm: number;
  /** Matrices of a fully trained model get orthogonal updates (Muon) in place of AdamW's. */
  readonly matrices?: 'orthogonal';
}

/**
 * One update.
 *
 * @param gradient clipped already
 * @param layout tensors of a fully trained model; null for adapters, which AdamW alone trains
 */
export function updatedState(
  state: AdamState,
  gradient: Value,
  timing: AdamStep,
  options: OptimiserOptions,
  layout: readonly FlatTensor[] | null,
): AdamState {
  const next = ops.known(adamW([state], [gradient], timing, options)[0], 'state');
  if (options.matrices === undefined) return next;
  if (layout === null) throw new RangeError('orthogonal updates are for a fully trained model');
  return withOrthogonalUpdates(state.parameter, next, layout, timing.learningRate, options.weightDecay);
}

/** Root mean square that an update of AdamW has at equal rates (Liu et al., 2025, "Muon is scalable"). */
const ROOT_MEAN_SQUARE = 0.2;

/**
 * Replaces AdamW's update of every matrix but the embeddings by an orthogonal one of its first moment M [n, m]:
 * W = W - rate (0.2 sqrt(max(n, m)) orthogonal(M) + decay W).
 *
 * @param before parameters before the step [1, P]
 * @param next what AdamW made of them
 * @param learningRate [1, 1]
 */
function withOrthogonalUpdates(
  before: Value,
  next: AdamState,
  layout: readonly FlatTensor[],
  learningRate: Value,
  weightDecay: number,
): AdamState {
  const [old, made, moments] = [before, next.parameter, next.firstMoment].map((vector) =>
    cutFlat(vector, layout, []),
  );
  const parts = layout.map(({ name, shape, length }) => {
    const isMatrix = shape.length === 2 && !name.startsWith('embedding') && !name.startsWith('output');
    if (!isMatrix) return ops.reshape(ops.known(made?.get(name), name), [1, length]);
    const weight = ops.known(old?.get(name), name);
    const direction = ops.multiply(
      nearlyOrthogonal(ops.known(moments?.get(name), name)),
      ROOT_MEAN_SQUARE * Math.sqrt(Math.max(...shape)),
    );
    const update = ops.multiply(ops.add(direction, ops.multiply(weight, weightDecay)), learningRate);
    return ops.reshape(ops.subtract(weight, update), [1, length]);
  });
  return { ...next, parameter: ops.concat(parts, 1) };
}
