/** One pass of the decoder over the newest tokens of every row, with keys and values of the tokens before. */
import { rmsNorm, rotary, type RotaryTables } from '../../../tensor/composites.ts';
import { type Dimension, multiplyDimensions } from '../../../tensor/dimension.ts';
import { Graph, type Value } from '../../../tensor/graph.ts';
import * as ops from '../../../tensor/operators.ts';
import { decoderLayers, joinHeads, splitHeads, streamEnd } from '../../model/decoder-layer.ts';
import type { GraphWeights } from '../../model/graph-weights.ts';
import { sizeOf } from '../../model/rollout/append-to-prefix.ts';
import type { LayerCache } from '../../model/rollout/layer-cache.ts';
import type { EightBitWeights } from './cpu-weights.ts';
import { attend, valueUnits } from './exact-attention.ts';

/** What stands where a token must not look; exp of it is exactly 0. */
const HIDDEN = -1e30;

/** What one pass reads besides the weights. Values of caches are in units that attention adds up exactly. */
export interface PassContext {
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
export function decodePass(
  weights: EightBitWeights,
  tokens: Value,
  context: PassContext,
): { readonly stream: Value; readonly recent: readonly LayerCache[] } {
  const { batch, time, angles } = context;
  const recent: LayerCache[] = [];
  const embedded = weights.embed(ops.reshape(tokens, [multiplyDimensions(batch, time)]));
  const stream = decoderLayers(weights, embedded, (layer) => (mixed) => {
    const { query, key, value } = splitHeads(mixed, weights.architecture, batch, time);
    const past = ops.known(context.recent[layer], `cache of layer ${layer}`);
    const prefix = ops.known(context.prefix[layer], `cache of layer ${layer}`);
    const limit = weights.valueLimit(layer);
    const cache = {
      keys: ops.concat([past.keys, rotary(key, angles)], 2),
      values: ops.concat([past.values, valueUnits(value, limit)], 2),
    };
    recent.push(cache);
    return joinHeads(attention(rotary(query, angles), prefix, cache, limit, context));
  });
  return { stream: streamEnd(stream), recent };
}

/**
 * Logits of hidden rows divided by the temperature: [N, hidden] -> [N, vocabulary]. The rows are divided, not the
 * logits, which are many more.
 */
export function nextTokenLogits(weights: GraphWeights, rows: Value, inverseTemperature: Value): Value {
  const normed = rmsNorm(rows, weights.norm('norm'), weights.architecture.norm.epsilon);
  return weights.linear('output', ops.multiply(normed, inverseTemperature));
}

/** Positions of the tokens of this pass: [batch, time], counted from each row's own length. */
export function positionsOf(pastLengths: Value, recent: Value, tokens: Value): Value {
  const [batch = 1, time = 1] = tokens.shape;
  const offsets = ops.add(ops.range(tokens.graph, time), sizeOf(recent, 2));
  const positions = ops.add(ops.unsqueeze(pastLengths, [1]), ops.unsqueeze(offsets, [0]));
  return Graph.detach(positions, [batch, time]);
}

/**
 * What is added to the scores, [batch, 1, group * time, prefix + recent + time]: a token sees its row's part of the
 * prefix, all recent tokens, and the tokens of this pass up to itself.
 *
 * @param group query heads of one key-value head, whose rows stand below each other
 */
export function attentionMask(
  graph: Graph,
  pastLengths: Value,
  batch: Dimension,
  time: Dimension,
  group: number,
): Value {
  const rows = multiplyDimensions(group, time);
  const reached = ops.less(ops.unsqueeze(ops.range(graph, 'prefix'), [0]), ops.unsqueeze(pastLengths, [1]));
  const onPrefix = ops.unsqueeze(ops.where(reached, pastLengths.graph.scalar(0, 'float32'), HIDDEN), [1, 2]);
  const places = ops.add(
    ops.modulo(ops.range(graph, rows), graph.dimension(time)),
    graph.dimension('recent'),
  );
  const columns = ops.range(graph, `recent+${time}`);
  const later = ops.greater(ops.unsqueeze(columns, [0]), ops.unsqueeze(places, [1]));
  const onOwn = ops.unsqueeze(ops.where(later, graph.scalar(HIDDEN, 'float32'), 0), [0, 1]);
  return ops.concat(
    [
      ops.expand(graph.capture(onPrefix), [batch, 1, rows, 'prefix']),
      ops.expand(graph.capture(onOwn), [batch, 1, rows, `recent+${time}`]),
    ],
    3,
  );
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
  { batch, time, mask }: PassContext,
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
