/** The sums of attention over positions, exact and so without an order: the same bits in sampler and trainer. */
import { addDimensions, type Dimension } from '../../../tensor/dimension.ts';
import { emitOne } from '../../../tensor/operators/emit.ts';
import { GraphError } from '../../../tensor/errors.ts';
import { Graph, type Value } from '../../../tensor/graph.ts';
import * as ops from '../../../tensor/operators.ts';
import type { Mix } from '../../model/causal-attention.ts';

/** What comes of the scores of some queries. */
export interface Attended {
  /** softmax(scores) V, [..., rows, D] */
  readonly mixed: Value;
  /** softmax(scores) times {@link WEIGHT_TOTAL}, rounded to whole numbers, [..., rows, positions] */
  readonly weights: Value;
}

/** exp of a row's largest score becomes this: the sum of 4,096 positions stays below 2^24. */
const LARGEST_EXPONENTIAL = 2 ** 12;
/** What the weights of a row add up to, give or take half a unit a position: below 2^13 for 4,096 positions. */
const WEIGHT_TOTAL = 6144;
/** The limit of the values becomes this; a row's sum of products stays below 2^13 2^11 = 2^24. */
const LARGEST_VALUE = 2 ** 11;

/**
 * softmax(scores) V with whole numbers, which fp32 adds up without rounding as long as sums stay below 2^24.
 *
 * The sampler's past lies in two padded parts and grows, the trainer's stands in one piece, so the two add up in other
 * orders; a last bit that differs would tip a rounding to 8 bits sooner or later, and from there on the row would differ
 * as any two 8-bit forwards do. With E = round(2^12 exp(s - max s)), Z = sum E and w = round(6144 / Z 2^12 exp(s - max s)),
 * O = (w v) limit / (6144 2^11): Z and w v are exact whatever the order, and the rest is done number by number.
 *
 * @param scores [..., rows, positions], masked
 * @param parts values of the positions as {@link valueUnits}, [..., positions of the part, D], in the order of the scores
 * @param limit the values' limit, fp32 scalar
 */
export function attend(scores: Value, parts: readonly Value[], limit: Value): Attended {
  const largest = ops.reduceMax(scores, { axes: [-1], keep: true });
  const shift = ops.subtract(largest, Math.log(LARGEST_EXPONENTIAL));
  const exponentials = ops.exp(ops.subtract(scores, shift));
  const total = ops.reduceSum(ops.round(exponentials), { axes: [-1], keep: true });
  const share = ops.divide(WEIGHT_TOTAL, total);
  const weights = ops.round(ops.multiply(exponentials, share));
  const sum = cut(
    weights,
    parts.map(({ shape }) => shape.at(-2) ?? 0),
  )
    .map((weight, index) => ops.matMul(weight, parts[index] ?? weight))
    .reduce((before, part) => ops.add(before, part));
  // Of one number the engine would make a factor inside the product, which then rounds between blocks of positions.
  const unit = ops.expand(ops.multiply(limit, 1 / (WEIGHT_TOTAL * LARGEST_VALUE)), [sum.shape.at(-1) ?? 1]);
  return { mixed: ops.multiply(sum, unit), weights };
}

/** {@link attend} over whole sequences, for a layer whose values stay below `limit`. */
export function exactMix(limit: Value): Mix {
  return (scores, value) => ({
    ...attend(scores, [valueUnits(value, limit)], limit),
    unit: 1 / WEIGHT_TOTAL,
  });
}

/** Values as whole numbers: v = clip(round(2^11 V / limit)). */
export function valueUnits(values: Value, limit: Value): Value {
  const scaled = ops.multiply(values, ops.divide(LARGEST_VALUE, limit));
  const { graph } = limit;
  const bounds = [-LARGEST_VALUE, LARGEST_VALUE].map((bound) => graph.scalar(bound, 'float32'));
  return emitOne('Clip', [ops.round(scaled), ...bounds], scaled);
}

/** A little above 1: the rows that the value projection reads are rounded to 8 bits. */
const ROUNDED_NORM = 1.02;

/**
 * What no value of a layer exceeds, as a power of two: V_j = n . W_j with n = the normalised row times the norm's weight g,
 * so |V_j| <= sqrt(hidden) |g W_j|. An adapter may exceed it; such a value is cut off. Of constants the engine computes
 * this while it loads.
 *
 * @param norm [hidden]
 * @param projection [hidden, values], 8-bit
 * @param scale [values]
 */
export function valueLimit(norm: Value, projection: Value, scale: Value): Value {
  const [hidden] = projection.shape;
  const weighted = ops.multiply(ops.cast(projection, 'float32'), ops.unsqueeze(norm, [1]));
  const squares = ops.reduceSum(ops.multiply(weighted, weighted), { axes: [0] });
  const longest = ops.reduceMax(ops.multiply(ops.sqrt(squares), scale));
  const bound = ops.maximum(ops.multiply(longest, Math.sqrt(Number(hidden)) * ROUNDED_NORM), 1e-30);
  const exponent = ops.multiply(ops.log(bound), Math.LOG2E);
  const whole = emitOne('Ceil', [exponent], exponent);
  return emitOne('Pow', [whole.graph.scalar(2, 'float32'), whole], whole);
}

/** Cuts the last axis into parts of these sizes, which may be symbolic. */
function cut(x: Value, sizes: readonly Dimension[]): readonly Value[] {
  if (sizes.length === 1) return [x];
  if (sizes.reduce((sum, size) => addDimensions(sum, size)) !== x.shape.at(-1))
    throw new GraphError('Attention: the parts of the past do not add up');
  const types = sizes.map((size) => ({ dtype: x.dtype, shape: [...x.shape.slice(0, -1), size] }));
  return Graph.emit('Split', [x, x.graph.shapeTensor(sizes)], { axis: x.shape.length - 1 }, types);
}
