/** Attention of the CUDA form: the engine's fused operator for prompts and short pasts, two parts for long ones, and training. */
import { type Dimension, multiplyDimensions } from '../../../tensor/dimension.ts';
import { GraphError } from '../../../tensor/errors.ts';
import { Graph, type Value } from '../../../tensor/graph.ts';
import * as ops from '../../../tensor/operators.ts';
import type { Architecture } from '../../model/architecture.ts';

/** Added to fp16 scores of places that must not be seen: exp of it is 0, and a score on top stays finite. */
const HIDDEN = -30_000;

/** Keys, rotated, and values of one layer, fp16 [batch, keyValueHeads, tokens, headSize]; a row's tokens begin at 0. */
export interface CudaCache {
  readonly keys: Value;
  readonly values: Value;
}

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
  /** [positions, headSize / 2] in fp16 */
  readonly cosine: Value;
  readonly sine: Value;
  readonly interleaved: boolean;
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
  past: CudaCache,
  context: FusedContext,
): { readonly attended: Value; readonly cache: CudaCache } {
  const { heads, keyValueHeads, headSize } = architecture;
  const { batch, time, lastPlaces, places, capacity, cosine, sine, interleaved } = context;
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
    cosine,
    sine,
  ];
  const attributes = {
    num_heads: heads,
    kv_num_heads: keyValueHeads,
    do_rotary: 1,
    rotary_interleaved: Number(interleaved),
    scale: { float: 1 / Math.sqrt(headSize) },
  };
  const [output, keys, values] = Graph.emit(
    'GroupQueryAttention',
    inputs,
    attributes,
    [{ dtype: 'float16', shape: [batch, time, heads * headSize] }, cacheType, cacheType],
    'com.microsoft',
  );
  if (output === undefined || keys === undefined || values === undefined)
    throw new GraphError('GroupQueryAttention lost a result');
  const attended = ops.reshape(output, [multiplyDimensions(batch, time), heads * headSize]);
  return { attended, cache: { keys, values } };
}

/** What one token of every row reads besides the weights, when its past stands in two parts. */
interface TwoPartContext {
  readonly batch: Dimension;
  /** int64 [batch, 1] */
  readonly positions: Value;
  readonly cosine: Value;
  readonly sine: Value;
  readonly interleaved: boolean;
  /** fp16 [batch, 1, 1, prefix]: 0 on a row's own tokens, hidden behind them */
  readonly mask: Value;
}

/** 0 where a place of the prefix belongs to the row, hidden elsewhere: fp16 [batch, 1, 1, prefix]. */
export function prefixMask(graph: Graph, length: Value, prefix: Dimension): Value {
  const reached = ops.less(ops.unsqueeze(ops.range(graph, prefix), [0]), ops.unsqueeze(length, [1]));
  return ops.unsqueeze(ops.where(reached, graph.scalar(0, 'float16'), HIDDEN), [1, 2]);
}

/**
 * One token a row: softmax(q [K_prefix, K_recent]^T / sqrt(D) + mask) [V_prefix, V_recent], where only the short recent part is
 * copied when it grows. All recent tokens are seen, since rows decode in step.
 *
 * @param mixed fp16 [batch, (heads + 2 keyValueHeads) * headSize]
 */
export function twoPartAttention(
  architecture: Architecture,
  mixed: Value,
  prefix: CudaCache,
  recent: CudaCache,
  { batch, positions, cosine, sine, interleaved, mask }: TwoPartContext,
): { readonly attended: Value; readonly cache: CudaCache } {
  const { heads, keyValueHeads, headSize } = architecture;
  const [query, key, value] = ops.split(mixed, 1, [
    heads * headSize,
    keyValueHeads * headSize,
    keyValueHeads * headSize,
  ]);
  if (query === undefined || key === undefined || value === undefined)
    throw new GraphError('Split lost a part');
  const byHead = (x: Value, count: number): Value => ops.reshape(x, [batch, count, 1, headSize]);
  const turn = (x: Value): Value =>
    ops.emitOne(
      'RotaryEmbedding',
      [x, positions, cosine, sine],
      x,
      { interleaved: Number(interleaved) },
      'com.microsoft',
    );
  const cache = {
    keys: ops.concat([recent.keys, turn(byHead(key, keyValueHeads))], 2),
    values: ops.concat([recent.values, byHead(value, keyValueHeads)], 2),
  };
  const group = heads / keyValueHeads;
  const q = ops.reshape(turn(byHead(query, heads)), [batch, keyValueHeads, group, headSize]);
  const scale = 1 / Math.sqrt(headSize);
  const scores = [
    ops.add(ops.matMul(q, prefix.keys, { transposeB: true, scale }), mask),
    ops.matMul(q, cache.keys, { transposeB: true, scale }),
  ];
  const probabilities = ops.softmax(ops.concat(scores, 3));
  const parts = Graph.emit(
    'Split',
    [probabilities, probabilities.graph.shapeTensor(scores.map(({ shape }) => shape[3] ?? 1))],
    { axis: 3 },
    scores,
  );
  const [onPrefix, onRecent] = parts;
  if (onPrefix === undefined || onRecent === undefined) throw new GraphError('Split lost a part');
  const attended = ops.add(ops.matMul(onPrefix, prefix.values), ops.matMul(onRecent, cache.values));
  return { attended: ops.reshape(attended, [batch, heads * headSize]), cache };
}

/** [time, time]: 0 where column <= row, hugely negative elsewhere, fp32. Padding stands on the right. */
export function trainingMask(graph: Graph, time: Dimension): Value {
  const positions = ops.range(graph, time);
  const later = ops.greater(ops.unsqueeze(positions, [0]), ops.unsqueeze(positions, [1]));
  return ops.where(later, graph.scalar(HIDDEN, 'float32'), 0);
}

/**
 * softmax(q k^T / sqrt(D) + mask) v with products in fp16 and the softmax in fp32, and its gradient: with P the
 * probabilities, O the result and g its gradient, dV = P^T g, dS = P (g V^T - rowsum(g O)), dQ = dS K / sqrt(D),
 * dK = dS^T Q / sqrt(D). Query heads of one key-value head stand below each other as rows.
 *
 * @param query fp16 [batch, heads, time, D]
 * @param key fp16 [batch, keyValueHeads, time, D]
 * @param value fp16 [batch, keyValueHeads, time, D]
 * @param mask fp32 [time, time]
 */
export function trainingAttention(query: Value, key: Value, value: Value, mask: Value): Value {
  const [batch = 1, heads = 1, time = 1, size = 1] = query.shape;
  const [, keyValueHeads = 1] = key.shape;
  const grouped = [
    batch,
    keyValueHeads,
    multiplyDimensions(Number(heads) / Number(keyValueHeads), time),
    size,
  ];
  const scale = 1 / Math.sqrt(Number(size));
  const q = ops.reshape(query, grouped);
  const scores = ops.matMul(q, key, { transposeB: true, scale });
  const masked = ops.add(ops.cast(ops.reshape(scores, [batch, heads, time, time]), 'float32'), mask);
  const probabilities = ops.reshape(ops.cast(ops.softmax(masked), 'float16'), scores.shape);
  const mixed = ops.matMul(probabilities, value);
  return ops.first(
    Graph.composite(
      'TrainingAttention',
      [query, key, value],
      () => [ops.reshape(mixed, query.shape)],
      ({ outputGradients: [gradient] }) => {
        if (gradient === undefined) return [];
        const g = ops.reshape(gradient, grouped);
        const wide = ops.multiply(ops.cast(g, 'float32'), ops.cast(mixed, 'float32'));
        const along = ops.cast(ops.reduceSum(wide, { axes: [-1], keep: true }), 'float16');
        const toScores = ops.multiply(
          probabilities,
          ops.subtract(ops.matMul(g, value, { transposeB: true }), along),
        );
        return [
          ops.reshape(ops.matMul(toScores, key, { scale }), query.shape),
          ops.matMul(toScores, q, { transposeA: true, scale }),
          ops.matMul(probabilities, g, { transposeA: true }),
        ];
      },
    ),
  );
}
