/** One pass of the decoder over the newest tokens of every row, with keys and values of the tokens before. */
import { rmsNorm, rotary, type RotaryTables } from '../../tensor/composites.ts';
import { addDimensions, type Dimension, multiplyDimensions } from '../../tensor/dimension.ts';
import { GraphError } from '../../tensor/errors.ts';
import { Graph, type Value } from '../../tensor/graph.ts';
import * as ops from '../../tensor/operators.ts';
import { gatedActivation } from '../training/attention.ts';
import type { GraphWeights } from '../training/weights.ts';

/** Keys and values of one layer, [batch, keyValueHeads, tokens, headSize] each. */
export interface LayerCache {
  readonly keys: Value;
  readonly values: Value;
}

/** What one pass reads besides the weights. */
export interface StepContext {
  readonly batch: Dimension;
  /** tokens of this pass per row: the prompt, or one */
  readonly time: Dimension;
  readonly tables: RotaryTables;
  /** [batch, 1, time, prefix + recent + time]: 0 where a token may look, hugely negative elsewhere */
  readonly mask: Value;
  /** per layer the finished part of the past, which no pass writes */
  readonly prefix: readonly LayerCache[];
  /** per layer the tokens since then */
  readonly recent: readonly LayerCache[];
}

/**
 * The residual stream after all layers.
 *
 * @param tokens int64 [batch, time]
 * @returns the stream [batch * time, hidden] and the recent caches with this pass's tokens appended
 */
export function decodeStep(
  weights: GraphWeights,
  tokens: Value,
  context: StepContext,
): { readonly stream: Value; readonly recent: readonly LayerCache[] } {
  const { batch, time } = context;
  const recent: LayerCache[] = [];
  let x = weights.embed(ops.reshape(tokens, [multiplyDimensions(batch, time)]));
  for (let layer = 0; layer < weights.configuration.layers; layer++) {
    const prefix = `layers.${layer}`;
    x = x.graph.named(prefix, () => {
      const attended = attentionBlock(weights, layer, x, context);
      recent.push(attended.cache);
      const middle = ops.add(x, attended.output);
      const normed = norm(weights, `${prefix}.feedForward.norm`, middle);
      const gateUp = weights.linear(`${prefix}.feedForward.gateUp`, normed);
      const activated = gatedActivation(gateUp, weights.configuration.intermediateSize);
      return ops.add(middle, weights.linear(`${prefix}.feedForward.down`, activated));
    });
  }
  return { stream: x, recent };
}

/** Logits of hidden rows [N, hidden] -> [N, vocabulary]. */
export function nextTokenLogits(weights: GraphWeights, rows: Value): Value {
  return weights.linear('output', norm(weights, 'norm', rows));
}

function norm(weights: GraphWeights, name: string, x: Value): Value {
  return rmsNorm(x, weights.norm(name), weights.configuration.rmsNormEpsilon);
}

function attentionBlock(
  weights: GraphWeights,
  layer: number,
  x: Value,
  context: StepContext,
): { readonly output: Value; readonly cache: LayerCache } {
  const { heads, keyValueHeads, headSize } = weights.configuration;
  const { batch, time, tables } = context;
  const name = `layers.${layer}.attention`;
  const mixed = weights.linear(`${name}.qkv`, norm(weights, `${name}.norm`, x));
  const all = heads + 2 * keyValueHeads;
  const byHead = ops.transpose(ops.reshape(mixed, [batch, time, all, headSize]), [0, 2, 1, 3]);
  const [turning, value] = pair(ops.split(byHead, 1, [heads + keyValueHeads, keyValueHeads]));
  const [query, key] = pair(ops.split(rotary(turning, tables), 1, [heads, keyValueHeads]));
  const past = context.recent[layer];
  const prefix = context.prefix[layer];
  if (past === undefined || prefix === undefined) throw new GraphError(`No cache for layer ${layer}`);
  const cache = { keys: ops.concat([past.keys, key], 2), values: ops.concat([past.values, value], 2) };
  const attended = attention(query, prefix, cache, context, heads / keyValueHeads);
  const flat = ops.reshape(ops.transpose(attended, [0, 2, 1, 3]), [
    multiplyDimensions(batch, time),
    heads * headSize,
  ]);
  return { output: weights.linear(`${name}.output`, flat), cache };
}

/**
 * softmax(q [K_prefix, K_recent]^T / sqrt(D) + mask) [V_prefix, V_recent] without joining the two parts of the past.
 *
 * @param query [batch, heads, time, D]
 * @returns [batch, heads, time, D]
 */
function attention(
  query: Value,
  prefix: LayerCache,
  recent: LayerCache,
  { batch, time, mask }: StepContext,
  group: number,
): Value {
  const [, heads = 1, , size = 1] = query.shape;
  const keyValueHeads = prefix.keys.shape[1] ?? 1;
  const scale = 1 / Math.sqrt(Number(size));
  const rows = [batch, keyValueHeads, multiplyDimensions(group, time)];
  const q = ops.reshape(query, [...rows, size]);
  const scores = ops.concat(
    [prefix, recent].map(({ keys }) => ops.matMul(q, keys, { transposeB: true, scale })),
    3,
  );
  const seen = scores.shape[3] ?? 1;
  const masked = ops.add(ops.reshape(scores, [batch, heads, time, seen]), mask);
  const probabilities = ops.reshape(ops.softmax(masked), [...rows, seen]);
  const [first, second] = cut(probabilities, prefix.keys.shape[2] ?? 0, recent.keys.shape[2] ?? 0);
  const mixed = ops.add(ops.matMul(first, prefix.values), ops.matMul(second, recent.values));
  return ops.reshape(mixed, query.shape);
}

/** Cuts the last axis where its two symbolic lengths meet. */
function cut(x: Value, left: Dimension, right: Dimension): [Value, Value] {
  if (addDimensions(left, right) !== x.shape.at(-1))
    throw new GraphError('The parts of the past do not add up');
  const types = [left, right].map((size) => ({ dtype: x.dtype, shape: x.shape.with(-1, size) }));
  const sizes = x.graph.shapeTensor([left, right]);
  return pair(Graph.emit('Split', [x, sizes], { axis: x.shape.length - 1 }, types));
}

function pair(values: readonly Value[]): [Value, Value] {
  const [first, second] = values;
  if (first === undefined || second === undefined) throw new GraphError('Split lost a part');
  return [first, second];
}
