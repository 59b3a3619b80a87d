/** One pass of the decoder over the newest tokens of every row, with keys and values of the tokens before. */
import { rmsNorm, rotary, type RotaryTables } from '../../../tensor/composites.ts';
import { type Dimension, multiplyDimensions } from '../../../tensor/dimension.ts';
import { GraphError } from '../../../tensor/errors.ts';
import type { Value } from '../../../tensor/graph.ts';
import * as ops from '../../../tensor/operators.ts';
import { attend, valueUnits } from './exact-attention.ts';
import { gatedActivation } from '../../model/causal-attention.ts';
import type { GraphWeights } from '../../model/graph-weights.ts';

/** Keys and values (in units that attention adds up exactly) of one layer, [batch, keyValueHeads, tokens, headSize] each. */
export interface LayerCache {
  readonly keys: Value;
  readonly values: Value;
}

/** What one pass reads besides the weights. */
export interface StepContext {
  readonly batch: Dimension;
  /** tokens of this pass per row: the prompt, or one */
  readonly time: Dimension;
  readonly angles: RotaryTables;
  /** [batch, 1, group * time, prefix + recent + time]: 0 where a token may look, hugely negative elsewhere */
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
  let addend: Value | undefined;
  for (let layer = 0; layer < weights.architecture.layers; layer++) {
    const prefix = `layers.${layer}`;
    [x, addend] = x.graph.named(prefix, () => {
      const first = addAndNorm(weights, `${prefix}.attention.norm`, x, addend);
      const attended = attentionBlock(weights, layer, first.normed, context);
      recent.push(attended.cache);
      const second = addAndNorm(weights, `${prefix}.feedForward.norm`, first.sum, attended.output);
      const gateUp = weights.linear(`${prefix}.feedForward.gateUp`, second.normed);
      const activated = gatedActivation(gateUp, weights.architecture.intermediateSize);
      return [second.sum, weights.linear(`${prefix}.feedForward.down`, activated)];
    });
  }
  return { stream: addend === undefined ? x : ops.add(x, addend), recent };
}

/**
 * The residual stream with what a block adds to it, and its norm. The engine's fused operator for this sums in another
 * order, which the rounding to 8 bits would turn into a gap to the trainer three times as wide.
 */
function addAndNorm(
  weights: GraphWeights,
  name: string,
  x: Value,
  addend: Value | undefined,
): { readonly sum: Value; readonly normed: Value } {
  const { epsilon } = weights.architecture.norm;
  if (addend === undefined) return { sum: x, normed: rmsNorm(x, weights.norm(name), epsilon) };
  const sum = ops.add(x, addend);
  const normed = rmsNorm(sum, weights.norm(name), epsilon);
  return { sum, normed };
}

/**
 * Logits of hidden rows divided by the temperature: [N, hidden] -> [N, vocabulary]. The rows are divided, not the
 * logits, which are many more.
 */
export function nextTokenLogits(weights: GraphWeights, rows: Value, inverseTemperature: Value): Value {
  const normed = rmsNorm(rows, weights.norm('norm'), weights.architecture.norm.epsilon);
  return weights.linear('output', ops.multiply(normed, inverseTemperature));
}

function attentionBlock(
  weights: GraphWeights,
  layer: number,
  normed: Value,
  context: StepContext,
): { readonly output: Value; readonly cache: LayerCache } {
  const { heads, keyValueHeads, headSize } = weights.architecture;
  const { batch, time, angles } = context;
  const name = `layers.${layer}.attention`;
  const mixed = weights.linear(`${name}.qkv`, normed);
  const all = heads + 2 * keyValueHeads;
  const byHead = ops.transpose(ops.reshape(mixed, [batch, time, all, headSize]), [0, 2, 1, 3]);
  const [query, key, value] = ops.split(byHead, 1, [heads, keyValueHeads, keyValueHeads]);
  if (query === undefined || key === undefined || value === undefined)
    throw new GraphError('Split lost a part');
  const past = context.recent[layer];
  const prefix = context.prefix[layer];
  if (past === undefined || prefix === undefined) throw new GraphError(`No cache for layer ${layer}`);
  const limit = weights.valueLimit?.(layer);
  if (limit === undefined) throw new GraphError('The sampler runs on an 8-bit base');
  const cache = {
    keys: ops.concat([past.keys, rotary(key, angles)], 2),
    values: ops.concat([past.values, valueUnits(value, limit)], 2),
  };
  const attended = attention(rotary(query, angles), prefix, cache, limit, context);
  const flat = ops.reshape(ops.transpose(attended, [0, 2, 1, 3]), [
    multiplyDimensions(batch, time),
    heads * headSize,
  ]);
  return { output: weights.linear(`${name}.output`, flat), cache };
}

/**
 * softmax(q [K_prefix, K_recent]^T / sqrt(D) + mask) [V_prefix, V_recent] without joining the two parts of the past. The query
 * heads of one key-value head stand below each other as rows.
 *
 * @param query [batch, heads, time, D]
 * @returns [batch, heads, time, D]
 */
function attention(
  query: Value,
  prefix: LayerCache,
  recent: LayerCache,
  limit: Value,
  { batch, time, mask }: StepContext,
): Value {
  const [, heads, , size = 1] = query.shape;
  const keyValueHeads = prefix.keys.shape[1] ?? 1;
  const group = Number(heads) / Number(keyValueHeads);
  const q = ops.reshape(query, [batch, keyValueHeads, multiplyDimensions(group, time), size]);
  const scale = 1 / Math.sqrt(Number(size));
  // With one row a product without a factor is twice as fast; the factor afterwards gives the same bits.
  const inside = group === 1 ? 1 : scale;
  const products = ops.concat(
    [prefix, recent].map(({ keys }) => ops.matMul(q, keys, { transposeB: true, scale: inside })),
    3,
  );
  const scores = inside === scale ? products : ops.multiply(products, scale);
  const { mixed } = attend(ops.add(scores, mask), [prefix.values, recent.values], limit);
  return ops.reshape(mixed, query.shape);
}
