/** One transformer layer of the CUDA form; how it norms and how it attends are the caller's. */
import { rmsNorm } from '../../../tensor/composites.ts';
import { GraphError } from '../../../tensor/errors.ts';
import { Graph, type Value } from '../../../tensor/graph.ts';
import * as ops from '../../../tensor/operators.ts';
import { gatedActivation } from '../../model/causal-attention.ts';
import type { GraphWeights } from '../../model/graph-weights.ts';

/** The residual stream x + delta, not yet added, so that the next norm may add and norm in one launch. */
export interface Stream {
  readonly x: Value;
  readonly delta?: Value;
}

/** The sum itself. */
export function streamEnd({ x, delta }: Stream): Value {
  return delta === undefined ? x : ops.add(x, delta);
}

/** The stream as one value, and that times the reciprocal root mean square of its rows. */
type AddAndNorm = (
  stream: Stream,
  weight: Value,
  epsilon: number,
) => { readonly x: Value; readonly normed: Value };

/** With a gradient. */
export const trainedNorm: AddAndNorm = (stream, weight, epsilon) => {
  const x = streamEnd(stream);
  return { x, normed: rmsNorm(x, weight, epsilon) };
};

/** In one launch: what a decoding step waits for is the host that launches. */
export const fusedNorm: AddAndNorm = ({ x, delta }, weight, epsilon) => {
  if (delta === undefined) return { x, normed: plainNorm(x, weight, epsilon) };
  const statistics = { dtype: 'float32', shape: [...x.shape.slice(0, -1), 1] } as const;
  const [normed, , , sum] = Graph.emit(
    'SkipSimplifiedLayerNormalization',
    [x, delta, weight],
    { epsilon: { float: epsilon } },
    [x, statistics, statistics, x],
    'com.microsoft',
  );
  if (normed === undefined || sum === undefined) throw new GraphError('the norm lost a result');
  return { x: sum, normed };
};

/** The norm alone. */
export function plainNorm(x: Value, weight: Value, epsilon: number): Value {
  return ops.emitOne('SimplifiedLayerNormalization', [x, weight], x, {
    axis: -1,
    epsilon: { float: epsilon },
    stash_type: 1,
  });
}

/**
 * The residual stream after a layer, from that before it: fp16 [N, hidden].
 *
 * @param attend queries, keys and values side by side [N, (heads + 2 keyValueHeads) * headSize] -> [N, heads * headSize]
 */
export function cudaLayer(
  weights: GraphWeights,
  prefix: string,
  stream: Stream,
  norm: AddAndNorm,
  attend: (mixed: Value) => Value,
): Stream {
  const {
    norm: { epsilon },
    intermediateSize,
  } = weights.architecture;
  const first = norm(stream, weights.norm(`${prefix}.attention.norm`), epsilon);
  const attended = attend(weights.linear(`${prefix}.attention.qkv`, first.normed));
  const second = norm(
    { x: first.x, delta: weights.linear(`${prefix}.attention.output`, attended) },
    weights.norm(`${prefix}.feedForward.norm`),
    epsilon,
  );
  const gateUp = weights.linear(`${prefix}.feedForward.gateUp`, second.normed);
  const activated = gatedActivation(gateUp, intermediateSize);
  return { x: second.x, delta: weights.linear(`${prefix}.feedForward.down`, activated) };
}
