/** Attention of a rollout on CUDA: the engine's fused operator for prompts and short pasts, two parts for long ones. */
import { type Dimension, multiplyDimensions } from '../../../tensor/dimension.ts';
import { Graph, type Value } from '../../../tensor/graph.ts';
import * as ops from '../../../tensor/operators.ts';
import type { Architecture } from '../../model/architecture.ts';
import { scoreScale, turnHeads } from '../../model/layer-attention.ts';
import type { LayerTables } from '../../model/rotary-tables.ts';
import type { LayerCache } from '../../model/rollout/layer-cache.ts';
import { softCapped } from '../../model/soft-cap.ts';

/** Added to fp16 scores of places that must not be seen: exp of it is 0, and a score on top stays finite. */
const HIDDEN = -30_000;

/** What GroupQueryAttention reads besides queries, keys and values. */
interface FusedContext {
  readonly batch: Dimension;
  readonly time: Dimension;
  /** tokens of each row after this pass, less one, int32 [batch] */
  readonly lastPlaces: Value;
  /** places that the caches have after this pass, int32 scalar in host memory */
  readonly places: Value;
  /** the size of these caches */
  readonly capacity: Dimension;
  /** [positions, rotarySize / 2] in fp16; undefined where the layer does not turn */
  readonly tables: LayerTables | undefined;
}

/**
 * GroupQueryAttention on queries, keys and values side by side: turns them, writes keys and values behind each row's own
 * tokens, and attends with fp32 sums. It copies the past that it extends.
 *
 * @param mixed fp16 [batch * time, (heads + 2 keyValueHeads) * headSize]
 * @returns fp16 [batch * time, heads * headSize] and the caches
 */
export function fusedAttention(
  architecture: Architecture,
  mixed: Value,
  past: LayerCache,
  context: FusedContext,
): { readonly attended: Value; readonly cache: LayerCache } {
  const { heads, keyValueHeads, headSize, softCaps } = architecture;
  const { batch, time, lastPlaces, places, capacity, tables } = context;
  const width = (heads + 2 * keyValueHeads) * headSize;
  const cacheType = { dtype: 'float16', shape: [batch, keyValueHeads, capacity, headSize] } as const;
  const inputs = [
    ops.reshape(mixed, [batch, time, width]),
    undefined,
    undefined,
    past.keys,
    past.values,
    lastPlaces,
    places,
    ...(tables === undefined ? [] : [tables.cosine, tables.sine]),
  ];
  const attributes = {
    num_heads: heads,
    kv_num_heads: keyValueHeads,
    do_rotary: Number(tables !== undefined),
    rotary_interleaved: Number(tables?.interleaved ?? false),
    scale: { float: scoreScale(architecture) },
    ...(softCaps.attention === null ? {} : { softcap: { float: softCaps.attention } }),
  };
  const [output, keys, values] = Graph.emit(
    'GroupQueryAttention',
    inputs,
    attributes,
    [{ dtype: 'float16', shape: [batch, time, heads * headSize] }, cacheType, cacheType],
    'com.microsoft',
  );
  const attended = ops.reshape(ops.known(output), [multiplyDimensions(batch, time), heads * headSize]);
  return { attended, cache: { keys: ops.known(keys), values: ops.known(values) } };
}

/** What one token of every row reads besides the weights, when its past stands in two parts. */
interface TwoPartContext {
  readonly batch: Dimension;
  /** int64 [batch, 1] */
  readonly positions: Value;
  readonly tables: LayerTables | undefined;
  /** fp16 [batch, 1, 1, prefix]: 0 on a row's own tokens, hidden behind them */
  readonly mask: Value;
}

/** 0 where a place of the prefix belongs to the row, hidden elsewhere: fp16 [batch, 1, 1, prefix]. */
export function prefixMask(graph: Graph, length: Value, prefix: Dimension): Value {
  const reached = ops.less(ops.unsqueeze(ops.range(graph, prefix), [0]), ops.unsqueeze(length, [1]));
  return ops.unsqueeze(ops.where(reached, graph.scalar(0, 'float16'), HIDDEN), [1, 2]);
}

/**
 * One token a row: softmax(cap(scale q [K_prefix, K_recent]^T) + mask) [V_prefix, V_recent], where only the short recent part is
 * copied when it grows. All recent tokens are seen, since rows decode in step.
 *
 * @param mixed fp16 [batch, (heads + 2 keyValueHeads) * headSize]
 */
export function twoPartAttention(
  architecture: Architecture,
  mixed: Value,
  prefix: LayerCache,
  recent: LayerCache,
  { batch, positions, tables, mask }: TwoPartContext,
): { readonly attended: Value; readonly cache: LayerCache } {
  const { heads, keyValueHeads, headSize } = architecture;
  const [query, key, value] = ops.split(mixed, 1, [
    heads * headSize,
    keyValueHeads * headSize,
    keyValueHeads * headSize,
  ]);
  const byHead = (x: Value | undefined, count: number): Value =>
    ops.reshape(ops.known(x), [batch, count, 1, headSize]);
  const turn = (x: Value): Value => turnHeads(x, tables, positions);
  const cache = {
    keys: ops.concat([recent.keys, turn(byHead(key, keyValueHeads))], 2),
    values: ops.concat([recent.values, byHead(value, keyValueHeads)], 2),
  };
  const group = heads / keyValueHeads;
  const q = ops.reshape(turn(byHead(query, heads)), [batch, keyValueHeads, group, headSize]);
  const scale = scoreScale(architecture);
  const scored = (keys: Value): Value =>
    softCapped(ops.matMul(q, keys, { transposeB: true, scale }), architecture.softCaps.attention).value;
  const scores = [ops.add(scored(prefix.keys), mask), scored(cache.keys)];
  const probabilities = ops.softmax(ops.concat(scores, 3));
  const parts = ops.split(
    probabilities,
    3,
    scores.map(({ shape }) => shape[3] ?? 1),
  );
  const [onPrefix, onRecent] = parts.map((part) => ops.known(part));
  const attended = ops.add(
    ops.matMul(ops.known(onPrefix), prefix.values),
    ops.matMul(ops.known(onRecent), cache.values),
  );
  return { attended: ops.reshape(attended, [batch, heads * headSize]), cache };
}
