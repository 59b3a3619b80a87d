/** Norms of the CUDA rollout: forward only, in one launch each. */
import { Graph, type Value } from '../../../tensor/graph.ts';
import * as ops from '../../../tensor/operators.ts';
import type { AddAndNorm } from '../../model/decoder-layer.ts';

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
  return { x: ops.known(sum), normed: ops.known(normed) };
};

/** The norm alone. */
export function plainNorm(x: Value, weight: Value, epsilon: number): Value {
  return ops.emitOne('SimplifiedLayerNormalization', [x, weight], x, {
    axis: -1,
    epsilon: { float: epsilon },
    stash_type: 1,
  });
}
