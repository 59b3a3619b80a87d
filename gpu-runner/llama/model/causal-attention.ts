/** Causal attention with shared key-value heads, and the gated activation: composites with their own gradients. */
import { multiplyDimensions, shapeText } from '../../tensor/dimension.ts';
import { GraphError } from '../../tensor/errors.ts';
import { Graph, type Value } from '../../tensor/graph.ts';
import * as ops from '../../tensor/operators.ts';
import { attend, valueUnits, WEIGHT_TOTAL } from '../backends/cpu/exact-attention.ts';

/** What stands where a position must not look; exp of it is exactly 0 in every row, since each row sees itself. */
const HIDDEN = -1e30;

/** [time, time]: 0 where column <= row, hidden elsewhere. Padding stands on the right, so it needs no mask of its own. */
export function causalMask(graph: Graph, time: string): Value {
  const positions = ops.range(graph, time);
  const later = ops.greater(ops.unsqueeze(positions, [0]), ops.unsqueeze(positions, [1]));
  return ops.where(later, graph.scalar(HIDDEN, 'float32'), 0);
}

/**
 * softmax(q k^T / sqrt(D) + mask) v, where heads / keyValueHeads query heads read one key-value head.
 *
 * Gradient, with P the probabilities, O the result and g its gradient: dV = P^T g, dS = P (g V^T - rowsum(g O)),
 * dQ = dS K / sqrt(D), dK = dS^T Q / sqrt(D). Query heads of one key-value head stand below each other as rows, so
 * the products sum over them by themselves.
 *
 * @param query [batch, heads, time, D]
 * @param key [batch, keyValueHeads, time, D]
 * @param value [batch, keyValueHeads, time, D]
 * @param mask [time, time], added to the scores
 * @param limit of the values of a frozen 8-bit layer: probabilities and values are then rounded as the sampler rounds them,
 *   and the gradient goes straight through
 * @returns [batch, heads, time, D]
 */
export function causalAttention(query: Value, key: Value, value: Value, mask: Value, limit?: Value): Value {
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
  const masked = ops.add(ops.reshape(scores, [batch, heads, time, time]), mask);
  const { mixed, weights, unit } = mix(ops.reshape(masked, scores.shape), value, limit);
  const [result] = Graph.composite(
    'CausalAttention',
    [query, key, value],
    () => [ops.reshape(mixed, query.shape)],
    ({ outputGradients: [gradient] }) => {
      if (gradient === undefined) return [];
      const g = ops.reshape(gradient, grouped);
      const along = ops.reduceSum(ops.multiply(g, mixed), { axes: [-1], keep: true });
      const toScores = ops.multiply(weights, ops.subtract(ops.matMul(g, value, { transposeB: true }), along));
      return [
        ops.reshape(ops.matMul(toScores, key, { scale: scale * unit }), query.shape),
        ops.matMul(toScores, q, { transposeA: true, scale: scale * unit }),
        ops.matMul(weights, g, { transposeA: true, scale: unit }),
      ];
    },
  );
  if (result === undefined) throw new GraphError('CausalAttention: no result');
  return result;
}

/** softmax(scores) V, and softmax(scores) as weights that are to be multiplied by `unit`. */
function mix(
  scores: Value,
  value: Value,
  limit: Value | undefined,
): { readonly mixed: Value; readonly weights: Value; readonly unit: number } {
  if (limit !== undefined)
    return { ...attend(scores, [valueUnits(value, limit)], limit), unit: 1 / WEIGHT_TOTAL };
  const weights = ops.softmax(scores);
  return { mixed: ops.matMul(weights, value), weights, unit: 1 };
}

/**
 * silu(gate) * up of a matrix that holds both side by side.
 *
 * Gradient, with s = sigmoid(gate), a = gate s: dUp = g a, dGate = g up (s + a (1 - s)).
 *
 * @param gateUp [rows, 2 F]
 * @returns [rows, F]
 */
export function gatedActivation(gateUp: Value, width: number): Value {
  const [gate, up] = ops.split(gateUp, -1, [width, width]);
  if (gate === undefined || up === undefined) throw new GraphError('GatedActivation: no halves');
  const activated = ops.emitOne('QuickGelu', [gate], gate, { alpha: { float: 1 } }, 'com.microsoft');
  const [result] = Graph.composite(
    'GatedActivation',
    [gateUp],
    () => [ops.multiply(activated, up)],
    ({ outputGradients: [g] }) => {
      if (g === undefined) return [];
      // Computed again from the gate, so that neither s nor a is kept from the forward on.
      const late = ops.after(gate, g);
      const s = ops.sigmoid(late);
      const a = ops.multiply(late, s);
      const slope = ops.add(s, ops.multiply(a, ops.subtract(1, s)));
      const toGate = ops.multiply(ops.multiply(g, up), slope);
      return [ops.concat([toGate, ops.multiply(g, a)], -1)];
    },
  );
  if (result === undefined) throw new GraphError('GatedActivation: no result');
  return result;
}
