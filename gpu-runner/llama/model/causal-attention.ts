/** Attention with shared key-value heads: a composite with its own gradient. */
import { type Dimension, multiplyDimensions, shapeText } from '../../tensor/dimension.ts';
import { GraphError } from '../../tensor/errors.ts';
import { Graph, type Value } from '../../tensor/graph.ts';
import * as ops from '../../tensor/operators.ts';
import { softCapped } from './soft-cap.ts';

/** What becomes of masked scores: softmax(scores) V, and softmax(scores) as weights that are to be multiplied by `unit`. */
interface Mixed {
  readonly mixed: Value;
  readonly weights: Value;
  readonly unit: number;
}

/** How scores [..., rows, positions] mix values [..., positions, D]. */
export type Mix = (scores: Value, value: Value) => Mixed;

/** softmax(scores) V as it stands. */
export const softmaxMix: Mix = (scores, value) => {
  const weights = ops.cast(ops.softmax(scores), value.dtype);
  return { mixed: ops.matMul(weights, value), weights, unit: 1 };
};

/**
 * [time, time]: 0 where row - window < column <= row, `hidden` elsewhere. Padding stands on the right, so it needs no mask of
 * its own.
 *
 * @param hidden so low that exp of it is exactly 0 in every row, since each row sees itself
 * @param window null: all of the past is seen
 */
export function causalMask(
  graph: Graph,
  time: Dimension,
  hidden: number,
  window: number | null = null,
): Value {
  const positions = ops.range(graph, time);
  const [columns, rows] = [ops.unsqueeze(positions, [0]), ops.unsqueeze(positions, [1])];
  const later = ops.greater(columns, rows);
  const unseen =
    window === null ? later : ops.or(later, ops.lessOrEqual(columns, ops.subtract(rows, window)));
  return ops.where(unseen, graph.scalar(hidden, 'float32'), 0);
}

/** How scores are made, besides their mask. */
export interface Scoring {
  /** of the products of queries and keys */
  readonly scale: number;
  /** c of c tanh(score / c), null for none */
  readonly softCap: number | null;
}

/**
 * softmax(cap(scale q k^T) + mask) v, where heads / keyValueHeads query heads read one key-value head. Products are done in
 * the type of the queries, the softmax in that of the mask.
 *
 * Gradient, with P the probabilities, O the result and g its gradient: dV = P^T g, dS = P (g V^T - rowsum(g O)) cap',
 * dQ = scale dS K, dK = scale dS^T Q. Query heads of one key-value head stand below each other as rows, so
 * the products sum over them by themselves. Where `mix` rounds, the gradient goes straight through.
 *
 * @param query [batch, heads, time, D]
 * @param key [batch, keyValueHeads, positions, D]
 * @param value [batch, keyValueHeads, positions, D]
 * @param mask [time, positions] or [batch, 1, time, positions], added to the scores
 * @returns [batch, heads, time, D]
 */
export function causalAttention(
  query: Value,
  key: Value,
  value: Value,
  mask: Value,
  { scale, softCap }: Scoring,
  mix: Mix = softmaxMix,
): Value {
  const [batch = 1, heads, time = 1, size] = query.shape;
  const [, keyValueHeads, positions = 1] = key.shape;
  if (typeof heads !== 'number' || typeof keyValueHeads !== 'number' || typeof size !== 'number') {
    throw new GraphError(`CausalAttention: ${shapeText(query.shape)} with keys ${shapeText(key.shape)}`);
  }
  const rows = multiplyDimensions(heads / keyValueHeads, time);
  const grouped = [batch, keyValueHeads, rows, size];
  const q = ops.reshape(query, grouped);
  const scores = ops.matMul(q, key, { transposeB: true, scale });
  const wide = ops.cast(ops.reshape(scores, [batch, heads, time, positions]), mask.dtype);
  const capped = softCapped(wide, softCap);
  const { mixed, weights, unit } = mix(ops.reshape(ops.add(capped.value, mask), scores.shape), value);
  return ops.first(
    Graph.composite(
      'CausalAttention',
      [query, key, value],
      () => [ops.reshape(mixed, query.shape)],
      ({ outputGradients: [gradient] }) => {
        if (gradient === undefined) return [];
        const g = ops.reshape(gradient, grouped);
        const products = ops.multiply(ops.cast(g, mask.dtype), ops.cast(mixed, mask.dtype));
        const along = ops.cast(ops.reduceSum(products, { axes: [-1], keep: true }), g.dtype);
        const toCapped = ops.multiply(
          weights,
          ops.subtract(ops.matMul(g, value, { transposeB: true }), along),
        );
        const slope = capped.slope?.();
        const toScores =
          slope === undefined
            ? toCapped
            : ops.multiply(toCapped, ops.cast(ops.reshape(slope, scores.shape), toCapped.dtype));
        return [
          ops.reshape(ops.matMul(toScores, key, { scale: scale * unit }), query.shape),
          ops.matMul(toScores, q, { transposeA: true, scale: scale * unit }),
          ops.matMul(weights, g, { transposeA: true, scale: unit }),
        ];
      },
    ),
  );
}
