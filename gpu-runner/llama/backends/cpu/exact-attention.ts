/** The sums of attention over positions, exact and so without an order: the same bits in sampler and trainer. */
import { emitOne } from '../../../tensor/operators/emit.ts';
import type { Value } from '../../../tensor/graph.ts';
import * as ops from '../../../tensor/operators.ts';
import type { Mix } from '../../model/causal-attention.ts';

/** What comes of the scores of some queries. */
export interface Attended {
  /** softmax(scores) V, [..., rows, D] */
  readonly mixed: Value;
  /** softmax(scores) times {@link WEIGHT_TOTAL}, rounded to whole numbers, [..., rows, positions] */
  readonly weights: Value;
}

/** Positions of a run up to which all sums are exact. */
export const EXACT_POSITIONS = 4096;
/** In longer runs a weight may be a small share of one: its steps are this much smaller, and sums are rounded as usual. */
const LONG_STEPS = 2 ** 11;
/** exp of a row's largest score becomes this: the sum of 4,096 positions stays below 2^24. */
const LARGEST_EXPONENTIAL = 2 ** 12;
/** What the weights of a row add up to, give or take half a unit a position: below 2^13 for 4,096 positions. */
const WEIGHT_TOTAL = 6144;
/** The limit of the values becomes this; a row's sum of products stays below 2^13 2^11 = 2^24. */
const LARGEST_VALUE = 2 ** 11;

/** How the values of a layer are rounded. */
export interface ValueGrid {
  /** what no value exceeds, fp32 scalar, a power of two */
  readonly limit: Value;
  /**
   * Where the limit is far above what values are: they are rounded to 2^22 whole numbers on each side instead of 2^11, and
   * added up in two sums of 2^11 each.
   */
  readonly fine: boolean;
  /** whether a run may see more than {@link EXACT_POSITIONS} at a time */
  readonly long: boolean;
}

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
 */
export function attend(scores: Value, parts: readonly Value[], grid: ValueGrid): Attended {
  const { limit, fine } = grid;
  const largest = ops.reduceMax(scores, { axes: [-1], keep: true });
  const shift = ops.subtract(largest, Math.log(LARGEST_EXPONENTIAL));
  const exponentials = ops.exp(ops.subtract(scores, shift));
  const total = ops.reduceSum(ops.round(exponentials), { axes: [-1], keep: true });
  const share = ops.divide(WEIGHT_TOTAL, total);
  const weights = roundedWeights(ops.multiply(exponentials, share), grid);
  const cuts =
    parts.length === 1
      ? [weights]
      : ops.split(
          weights,
          -1,
          parts.map(({ shape }) => shape.at(-2) ?? 0),
        );
  const sumOf = (values: readonly Value[]): Value =>
    cuts
      .map((weight, index) => ops.matMul(weight, values[index] ?? weight))
      .reduce((before, part) => ops.add(before, part));
  const sum = fine ? sumInTwo(parts, sumOf) : sumOf(parts);
  // Of one number the engine would make a factor inside the product, which then rounds between blocks of positions.
  const unit = ops.expand(ops.multiply(limit, 1 / (WEIGHT_TOTAL * LARGEST_VALUE)), [sum.shape.at(-1) ?? 1]);
  return { mixed: ops.multiply(sum, unit), weights };
}

/** Weights [..., rows, positions] as whole numbers; in a run of more than 4,096 positions with a fraction. */
function roundedWeights(weights: Value, { long }: ValueGrid): Value {
  if (!long) return ops.round(weights);
  const axis = weights.shape.length - 1;
  const type = { dtype: 'int64', shape: [1] } as const;
  const positions = emitOne('Shape', [weights], type, { start: axis, end: axis + 1 });
  const isLong = ops.greater(positions, EXACT_POSITIONS);
  const steps = ops.where(isLong, weights.graph.scalar(LONG_STEPS, 'float32'), 1);
  return ops.divide(ops.round(ops.multiply(weights, steps)), steps);
}

/** Values v = h + l / 2^11 with whole h and l: each sum is exact, and their one addition is done number by number. */
function sumInTwo(parts: readonly Value[], sumOf: (values: readonly Value[]) => Value): Value {
  const high = parts.map((part) => ops.round(part));
  const low = parts.map((part, index) =>
    ops.multiply(ops.subtract(part, ops.known(high[index])), LARGEST_VALUE),
  );
  return ops.add(sumOf(high), ops.multiply(sumOf(low), 1 / LARGEST_VALUE));
}

/** {@link attend} over whole sequences, for a layer whose values stay on this grid. */
export function exactMix(grid: ValueGrid): Mix {
  return (scores, value) => ({
    ...attend(scores, [valueUnits(value, grid)], grid),
    unit: 1 / WEIGHT_TOTAL,
  });
}

/** Values in units of limit / 2^11, cut off at the limit: v = clip(round(2^11 V / limit)), fine ones in steps of 2^-11. */
export function valueUnits(values: Value, { limit, fine }: ValueGrid): Value {
  const scaled = ops.multiply(values, ops.divide(LARGEST_VALUE, limit));
  const { graph } = limit;
  const bounds = [-LARGEST_VALUE, LARGEST_VALUE].map((bound) => graph.scalar(bound, 'float32'));
  const rounded = fine
    ? ops.multiply(ops.round(ops.multiply(scaled, LARGEST_VALUE)), 1 / LARGEST_VALUE)
    : ops.round(scaled);
  return emitOne('Clip', [rounded, ...bounds], scaled);
}
