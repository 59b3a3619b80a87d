/** One pass of the decoder over the newest tokens of every row, with keys and values of the tokens before. */
import { rmsNorm } from '../../../tensor/composites.ts';
import { type Dimension, multiplyDimensions } from '../../../tensor/dimension.ts';
import { Graph, type Value } from '../../../tensor/graph.ts';
import * as ops from '../../../tensor/operators.ts';
import type { Architecture } from '../../model/architecture.ts';
import { decoderLayers, embedded, joinHeads, splitHeads, streamEnd } from '../../model/decoder-layer.ts';
import type { GraphWeights } from '../../model/graph-weights.ts';
import { scoreScale, turnHeads } from '../../model/layer-attention.ts';
import type { LayerTables } from '../../model/rotary-tables.ts';
import { logitForm } from '../../model/logit-form.ts';
import { sizeOf } from '../../model/rollout/append-to-prefix.ts';
import type { LayerCache } from '../../model/rollout/layer-cache.ts';
import { softCapped } from '../../model/soft-cap.ts';
import type { EightBitWeights } from './cpu-weights.ts';
import { attend, type ValueGrid, valueUnits } from './exact-attention.ts';

/** What stands where a token must not look; exp of it is exactly 0. */
const HIDDEN = -1e30;

/** What one pass reads besides the weights. Values of caches are in units that attention adds up exactly. */
export interface PassContext {
  /** lanes */
  readonly batch: Dimension;
  /** places of this pass in each lane: of the prompts, or one */
  readonly time: Dimension;
  /** int64 [batch, time]: the row of each place */
  readonly laneRows: Value;
  /** int64 [N]: the place of each row */
  readonly places: Value;
  /** int64 [batch, time] */
  readonly positions: Value;
  /** what each layer turns by */
  readonly tables: (layer: number) => LayerTables | undefined;
  /** of each layer, [batch, 1, group * time, prefix + recent + time]: 0 where a token may look, hugely negative elsewhere */
  readonly mask: (layer: number) => Value;
  /** per layer the finished part of the past, which no pass writes */
  readonly prefix: readonly LayerCache[];
  /** per layer the tokens since then */
  readonly recent: readonly LayerCache[];
}

/**
 * The residual stream after all layers. Attention alone lays its rows out as a grid.
 *
 * @param tokens int64 [N]
 * @returns the stream [N, hidden] and the recent caches with this pass's tokens appended
 */
export function decodePass(
  weights: EightBitWeights,
  tokens: Value,
  context: PassContext,
): { readonly stream: Value; readonly recent: readonly LayerCache[] } {
  const { batch, time, positions, tables } = context;
  const recent: LayerCache[] = [];
  const first = embedded(weights, tokens);
  const stream = decoderLayers(weights, first, (layer) => (mixed) => {
    const { query, key, value } = splitHeads(
      ops.gather(mixed, context.laneRows),
      weights.architecture,
      batch,
      time,
    );
    const past = ops.known(context.recent[layer], `cache of layer ${layer}`);
    const prefix = ops.known(context.prefix[layer], `cache of layer ${layer}`);
    const grid = weights.valueGrid(layer);
    const turn = (heads: Value): Value => turnHeads(heads, tables(layer), positions);
    const cache = {
      keys: ops.concat([past.keys, turn(key)], 2),
      values: ops.concat([past.values, valueUnits(value, grid)], 2),
    };
    recent.push(cache);
    const scoring = { architecture: weights.architecture, grid, mask: context.mask(layer), batch, time };
    return ops.gather(joinHeads(attention(turn(query), prefix, cache, scoring)), context.places);
  });
  return { stream: streamEnd(stream), recent };
}

/** Logits of hidden rows divided by the temperature: [N, hidden] -> [N, vocabulary]. */
export function nextTokenLogits(weights: GraphWeights, rows: Value, inverseTemperature: Value): Value {
  const { architecture } = weights;
  const normed = rmsNorm(rows, weights.norm('norm'), architecture.norm.epsilon);
  const form = logitForm(architecture, inverseTemperature);
  return form.ends(weights.linear('output', form.rows(normed))).value;
}

/** Positions of the places of this pass: [batch, time], counted from each lane's own length. */
export function positionsOf(pastLengths: Value, recent: Value, grid: Value): Value {
  const [batch = 1, time = 1] = grid.shape;
  const offsets = ops.add(ops.range(grid.graph, time), sizeOf(recent, 2));
  const positions = ops.add(ops.unsqueeze(pastLengths, [1]), ops.unsqueeze(offsets, [0]));
  return Graph.detach(positions, [batch, time]);
}

/** Rows of a mask: query heads of one key-value head stand below each other, `group` of them. */
interface MaskRows {
  readonly batch: Dimension;
  readonly time: Dimension;
  readonly group: number;
  /** positions that a token sees, its own among them; null: all before it */
  readonly window: number | null;
}

/**
 * What is added to the scores, [batch, 1, group * time, prefix + recent + time]: a token sees its row's part of the
 * prefix, all recent tokens, and the tokens of this pass up to itself, of all these as many as its window takes.
 */
export function attentionMask(
  graph: Graph,
  pastLengths: Value,
  { batch, time, group, window }: MaskRows,
): Value {
  const rows = multiplyDimensions(group, time);
  const onPrefix =
    window === null
      ? ops.unsqueeze(prefixMask(graph, pastLengths), [1, 2])
      : ops.unsqueeze(windowedPrefixMask(graph, pastLengths, rows, time, window), [1]);
  const places = ops.add(
    ops.modulo(ops.range(graph, rows), graph.dimension(time)),
    graph.dimension('recent'),
  );
  const columns = ops.range(graph, `recent+${time}`);
  const [column, place] = [ops.unsqueeze(columns, [0]), ops.unsqueeze(places, [1])];
  const later = ops.greater(column, place);
  const unseen =
    window === null ? later : ops.or(later, ops.lessOrEqual(column, ops.subtract(place, window)));
  const onOwn = ops.unsqueeze(ops.where(unseen, graph.scalar(HIDDEN, 'float32'), 0), [0, 1]);
  return ops.concat(
    [
      ops.expand(graph.capture(onPrefix), [batch, 1, rows, 'prefix']),
      ops.expand(graph.capture(onOwn), [batch, 1, rows, `recent+${time}`]),
    ],
    3,
  );
}

/** [batch, prefix]: 0 on a row's own tokens. */
function prefixMask(graph: Graph, pastLengths: Value): Value {
  const reached = ops.less(ops.unsqueeze(ops.range(graph, 'prefix'), [0]), ops.unsqueeze(pastLengths, [1]));
  return ops.where(reached, pastLengths.graph.scalar(0, 'float32'), HIDDEN);
}

/** [batch, rows, prefix]: 0 on those of a row's own tokens that the token's window reaches. */
function windowedPrefixMask(
  graph: Graph,
  pastLengths: Value,
  rows: Dimension,
  time: Dimension,
  window: number,
): Value {
  const places = ops.unsqueeze(ops.range(graph, 'prefix'), [0, 1]);
  const own = ops.unsqueeze(pastLengths, [1, 2]);
  const offsets = ops.add(
    ops.modulo(ops.range(graph, rows), graph.dimension(time)),
    graph.dimension('recent'),
  );
  const first = ops.subtract(ops.add(own, ops.unsqueeze(offsets, [0, 2])), window);
  const seen = ops.and(ops.less(places, own), ops.greater(places, first));
  return ops.where(seen, graph.scalar(0, 'float32'), HIDDEN);
}

/** How the scores of one layer are made and used. */
interface LayerScoring {
  readonly architecture: Architecture;
  readonly grid: ValueGrid;
  readonly mask: Value;
  readonly batch: Dimension;
  readonly time: Dimension;
}

/**
 * softmax(cap(scale q [K_prefix, K_recent]^T) + mask) [V_prefix, V_recent] without joining the two parts of the past. The query
 * heads of one key-value head stand below each other as rows.
 *
 * @param query [batch, heads, time, D]
 * @returns [batch, heads, time, D]
 */
function attention(
  query: Value,
  prefix: LayerCache,
  recent: LayerCache,
  { architecture, grid, mask, batch, time }: LayerScoring,
): Value {
  const [, heads, , size = 1] = query.shape;
  const keyValueHeads = prefix.keys.shape[1] ?? 1;
  const group = Number(heads) / Number(keyValueHeads);
  const q = ops.reshape(query, [batch, keyValueHeads, multiplyDimensions(group, time), size]);
  const scale = scoreScale(architecture);
  // With one row a product without a factor is twice as fast; the factor afterwards gives the same bits.
  const inside = group === 1 ? 1 : scale;
  const products = ops.concat(
    [prefix, recent].map(({ keys }) => ops.matMul(q, keys, { transposeB: true, scale: inside })),
    3,
  );
  const scores = inside === scale ? products : ops.multiply(products, scale);
  const capped = softCapped(scores, architecture.softCaps.attention).value;
  const { mixed } = attend(ops.add(capped, mask), [prefix.values, recent.values], grid);
  return ops.reshape(mixed, query.shape);
}
