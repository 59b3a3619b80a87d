/** Causal attention with shared key-value heads over whole sequences: a composite with its own gradient. */
import { type Dimension, multiplyDimensions, shapeText } from '../../tensor/dimension.ts';
import { GraphError } from '../../tensor/errors.ts';
import { Graph, type Value } from '../../tensor/graph.ts';
import * as ops from '../../tensor/operators.ts';

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
 * [time, time]: 0 where column <= row, `hidden` elsewhere. Padding stands on the right, so it needs no mask of its own.
 *
 * @param hidden so low that exp of it is exactly 0 in every row, since each row sees itself
 */
export function causalMask(graph: Graph, time: Dimension, hidden: number): Value {
  const positions = ops.range(graph, time);
  const later = ops.greater(ops.unsqueeze(positions, [0]), ops.unsqueeze(positions, [1]));
  return ops.where(later, graph.scalar(hidden, 'float32'), 0);
}

/**
 * softmax(q k^T / sqrt(D) + mask) v, where heads / keyValueHeads query heads read one key-value head. Products are done in
 * the type of the queries, the softmax in that of the mask.
 *
 * Gradient, with P the probabilities, O the result and g its gradient: dV = P^T g, dS = P (g V^T - rowsum(g O)),
 * dQ = dS K / sqrt(D), dK = dS^T Q / sqrt(D). Query heads of one key-value head stand below each other as rows, so
 * the products sum over them by themselves. Where `mix` rounds, the gradient goes straight through.
 *
 * @param query [batch, heads, time, D]
 * @param key [batch, keyValueHeads, time, D]
 * @param value [batch, keyValueHeads, time, D]
 * @param mask [time, time], added to the scores
 * @returns [batch, heads, time, D]
 */
export function causalAttention(
  query: Value,
  key: Value,
  value: Value,
  mask: Value,
  mix: Mix = softmaxMix,
): Value {
  const [batch = 1, heads, time = 1, size] = query.shape;
  const [, keyValueHeads] = key.shape;
  if (typeof heads !== 'number' || typeof keyValueHeads !== 'number' || typeof size !== 'number') {
    throw new GraphError(`CausalAttention: ${shapeText(query.shape)} with keys ${shapeText(key.shape)}`);
  }
  const rows = multiplyDimensions(heads / keyValueHeads, time);
  const scale = 1 / Math.sqrt(size);
  const grouped = [batch, keyValueHeads, rows, size];
  const q = ops.reshape(query, grouped);
  const scores = ops.matMul(q, key, { transposeB: true, scale });
  const wide = ops.cast(ops.reshape(scores, [batch, heads, time, time]), mask.dtype);
  const { mixed, weights, unit } = mix(ops.reshape(ops.add(wide, mask), scores.shape), value);
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
        const toScores = ops.multiply(
          weights,
          ops.subtract(ops.matMul(g, value, { transposeB: true }), along),
        );
        return [
          ops.reshape(ops.matMul(toScores, key, { scale: scale * unit }), query.shape),
          ops.matMul(toScores, q, { transposeA: true, scale: scale * unit }),
          ops.matMul(weights, g, { transposeA: true, scale: unit }),
        ];
      },
    ),
  );
}
