/** One transformer layer of the CUDA form; how it attends is the caller's. */
import { GraphError } from '../../tensor/errors.ts';
import { Graph, type Value } from '../../tensor/graph.ts';
import * as ops from '../../tensor/operators.ts';
import { gatedActivation } from '../training/attention.ts';
import type { GraphWeights } from '../training/weights.ts';

/** x times the reciprocal root mean square of its rows, or that with a gradient. */
type Norm = (x: Value, weight: Value, epsilon: number) => Value;

/** The norm alone. */
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

/** The residual stream x + delta, not yet added: the next norm adds and norms in one launch. */
export interface Stream {
  readonly x: Value;
  readonly delta?: Value;
}

/** The sum itself. */
export function streamEnd({ x, delta }: Stream): Value {
  return delta === undefined ? x : ops.add(x, delta);
}

/** The norm of the stream, and the stream as one value. */
function addAndNorm(
  { x, delta }: Stream,
  weight: Value,
  epsilon: number,
): { readonly normed: Value; readonly x: Value } {
  if (delta === undefined) return { normed: plainNorm(x, weight, epsilon), x };
  const statistics = { dtype: 'float32', shape: [...x.shape.slice(0, -1), 1] } as const;
  const [normed, , , sum] = Graph.emit(
    'SkipSimplifiedLayerNormalization',
    [x, delta, weight],
    { epsilon: { float: epsilon } },
    [x, statistics, statistics, x],
    'com.microsoft',
  );
  if (normed === undefined || sum === undefined) throw new GraphError('the norm lost a result');
  return { normed, x: sum };
}

/** {@link cudaLayer} without a gradient, in fewer launches: what a decoding step waits for is the host that launches. */
export function rolloutLayer(
  weights: GraphWeights,
  prefix: string,
  stream: Stream,
  attend: (mixed: Value) => Value,
): Stream {
  const { rmsNormEpsilon, intermediateSize } = weights.configuration;
  const first = addAndNorm(stream, weights.norm(`${prefix}.attention.norm`), rmsNormEpsilon);
  const attended = attend(weights.linear(`${prefix}.attention.qkv`, first.normed));
  const second = addAndNorm(
    { x: first.x, delta: weights.linear(`${prefix}.attention.output`, attended) },
    weights.norm(`${prefix}.feedForward.norm`),
    rmsNormEpsilon,
  );
  const activated = gatedActivation(
    weights.linear(`${prefix}.feedForward.gateUp`, second.normed),
    intermediateSize,
  );
  return { x: second.x, delta: weights.linear(`${prefix}.feedForward.down`, activated) };
}
