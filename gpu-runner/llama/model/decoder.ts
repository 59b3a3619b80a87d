/** The LLaMA forward of the training graphs: tokens to the residual stream before the final norm. */
import { multiplyDimensions } from '../../tensor/dimension.ts';
import { GraphError } from '../../tensor/errors.ts';
import { rmsNorm, rotary, type RotaryTables } from '../../tensor/composites.ts';
import type { Graph, Value } from '../../tensor/graph.ts';
import * as ops from '../../tensor/operators.ts';
import type { Architecture } from './architecture.ts';
import { rotaryTables } from './rotary-tables.ts';
import { causalAttention, causalMask, gatedActivation } from './causal-attention.ts';
import type { GraphWeights } from './graph-weights.ts';

/** Rows of hidden states, flat over all sequences: [N, hidden] with N = batch * time. */
export function residualStream(
  graph: Graph,
  weights: GraphWeights,
  tokens: Value,
  maximumTime: number,
): Value {
  const { architecture } = weights;
  const [groups = 1, rows = 1, time] = tokens.shape;
  if (typeof time !== 'string') throw new GraphError('The time axis of the tokens must be symbolic');
  const batch = multiplyDimensions(groups, rows);
  const mask = causalMask(graph, time);
  const tables = graphTables(graph, architecture, maximumTime);
  let x = weights.embed(ops.reshape(tokens, [multiplyDimensions(batch, time)]));
  for (let layer = 0; layer < architecture.layers; layer++) {
    const prefix = `layers.${layer}`;
    x = graph.named(prefix, () => {
      const attended = attentionBlock(weights, layer, x, { batch, time, mask, tables });
      const middle = ops.add(x, attended);
      return ops.add(middle, feedForwardBlock(weights, prefix, middle));
    });
  }
  return x;
}

/** The final norm, wherever its rows were picked from. */
export function finalNorm(weights: GraphWeights, x: Value): Value {
  return rmsNorm(x, weights.norm('norm'), weights.architecture.norm.epsilon);
}

function graphTables(graph: Graph, architecture: Architecture, maximumTime: number): RotaryTables {
  const { cosine, sine } = rotaryTables(architecture, maximumTime);
  const shape = [maximumTime, architecture.headSize / 2];
  return {
    // One position means: every row counts from it.
    positions: graph.constant('int64', [0]),
    cosine: graph.constant('float32', cosine, shape),
    sine: graph.constant('float32', sine, shape),
    interleaved: architecture.rope.layout === 'interleaved',
  };
}

interface BlockContext {
  readonly batch: Value['shape'][number];
  readonly time: string;
  readonly mask: Value;
  readonly tables: RotaryTables;
}

function attentionBlock(
  weights: GraphWeights,
  layer: number,
  x: Value,
  { batch, time, mask, tables }: BlockContext,
): Value {
  const prefix = `layers.${layer}`;
  const { heads, keyValueHeads, headSize, norm } = weights.architecture;
  const all = heads + 2 * keyValueHeads;
  const normed = rmsNorm(x, weights.norm(`${prefix}.attention.norm`), norm.epsilon);
  const mixed = weights.linear(`${prefix}.attention.qkv`, normed);
  const byHead = ops.transpose(ops.reshape(mixed, [batch, time, all, headSize]), [0, 2, 1, 3]);
  const [query, key, value] = ops.split(byHead, 1, [heads, keyValueHeads, keyValueHeads]);
  if (query === undefined || key === undefined || value === undefined)
    throw new GraphError('Split lost a part');
  const attended = causalAttention(
    rotary(query, tables),
    rotary(key, tables),
    value,
    mask,
    weights.valueLimit?.(layer),
  );
  const flat = ops.reshape(ops.transpose(attended, [0, 2, 1, 3]), [x.shape[0] ?? 1, heads * headSize]);
  return weights.linear(`${prefix}.attention.output`, flat);
}

function feedForwardBlock(weights: GraphWeights, prefix: string, x: Value): Value {
  const { intermediateSize, norm } = weights.architecture;
  const normed = rmsNorm(x, weights.norm(`${prefix}.feedForward.norm`), norm.epsilon);
  const gateUp = weights.linear(`${prefix}.feedForward.gateUp`, normed);
  return weights.linear(`${prefix}.feedForward.down`, gatedActivation(gateUp, intermediateSize));
}
