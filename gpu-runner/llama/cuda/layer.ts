/** One transformer layer of the CUDA form; how it attends is the caller's. */
import type { Value } from '../../tensor/graph.ts';
import * as ops from '../../tensor/operators.ts';
import { gatedActivation } from '../training/attention.ts';
import type { GraphWeights } from '../training/weights.ts';

/** x times the reciprocal root mean square of its rows, or that with a gradient. */
type Norm = (x: Value, weight: Value, epsilon: number) => Value;

/** The norm alone: one result, so that the engine may fuse it with the addition before it. */
export const plainNorm: Norm = (x, weight, epsilon) =>
  ops.emitOne('SimplifiedLayerNormalization', [x, weight], x, {
    axis: -1,
    epsilon: { float: epsilon },
    stash_type: 1,
  });

/**
 * The residual stream after a layer.
 *
 * @param x fp16 [N, hidden]
 * @param attend queries, keys and values side by side [N, (heads + 2 keyValueHeads) * headSize] -> [N, heads * headSize]
 */
export function cudaLayer(
  weights: GraphWeights,
  prefix: string,
  x: Value,
  norm: Norm,
  attend: (mixed: Value) => Value,
): Value {
  const { rmsNormEpsilon, intermediateSize } = weights.configuration;
  const first = norm(x, weights.norm(`${prefix}.attention.norm`), rmsNormEpsilon);
  const attended = attend(weights.linear(`${prefix}.attention.qkv`, first));
  const middle = ops.add(x, weights.linear(`${prefix}.attention.output`, attended));
  const second = norm(middle, weights.norm(`${prefix}.feedForward.norm`), rmsNormEpsilon);
  const activated = gatedActivation(weights.linear(`${prefix}.feedForward.gateUp`, second), intermediateSize);
  return ops.add(middle, weights.linear(`${prefix}.feedForward.down`, activated));
}
