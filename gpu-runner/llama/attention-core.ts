/** The sums of attention over positions, written once for sampler and trainer so that both give the same bits. */
import { addDimensions, type Dimension } from '../tensor/dimension.ts';
import { GraphError } from '../tensor/errors.ts';
import { Graph, type Value } from '../tensor/graph.ts';
import * as ops from '../tensor/operators.ts';

/** What comes of the scores of some queries. */
export interface Attended {
  /** softmax(scores) V, [..., rows, D] */
  readonly mixed: Value;
  /** E = exp(scores - largest of the row), [..., rows, positions] */
  readonly exponentials: Value;
  /** Z, the sum of E over the positions, float64 [..., rows, 1] */
  readonly total: Value;
}

/**
 * O = E V / Z. The sampler's past lies in two padded parts and grows, the trainer's stands in one piece, so the two add
 * up in other orders; a last bit that differs tips a rounding to 8 bits sooner or later, and from there on the row
 * differs. In float64 the order moves the result by 2^-50 or so, which the rounding to float32 hides but once in
 * millions. E itself is exact to the bit: the largest score is, and a masked place gives 0.
 *
 * @param scores [..., rows, positions], masked
 * @param parts values of the positions, float64 [..., positions of the part, D], in the order of the scores
 */
export function attend(scores: Value, parts: readonly Value[]): Attended {
  const top = ops.reduceMax(scores, { axes: [-1], keep: true });
  const exponentials = ops.exp(ops.subtract(scores, top));
  const wide = ops.cast(exponentials, 'float64');
  const total = ops.reduceSum(wide, { axes: [-1], keep: true });
  const weights = cut(
    wide,
    parts.map(({ shape }) => shape.at(-2) ?? 0),
  );
  const sum = weights
    .map((weight, index) => ops.matMul(weight, parts[index] ?? weight))
    .reduce((before, part) => ops.add(before, part));
  return { mixed: ops.cast(ops.divide(sum, total), scores.dtype), exponentials, total };
}

/** Cuts the last axis into parts of these sizes, which may be symbolic. */
function cut(x: Value, sizes: readonly Dimension[]): readonly Value[] {
  if (sizes.length === 1) return [x];
  if (sizes.reduce((sum, size) => addDimensions(sum, size)) !== x.shape.at(-1))
    throw new GraphError('Attention: the parts of the past do not add up');
  const types = sizes.map((size) => ({ dtype: x.dtype, shape: [...x.shape.slice(0, -1), size] }));
  return Graph.emit('Split', [x, x.graph.shapeTensor(sizes)], { axis: x.shape.length - 1 }, types);
}
