/** Operators that move elements without changing them. */
import { addDimensions, canonical, elementCount, shapeText, subtractDimensions } from '../dimension.ts';
import type { Dimension, Shape } from '../dimension.ts';
import { broadcastShapes } from '../dimension.ts';
import { GraphError } from '../errors.ts';
import { Graph, innermost, type Value } from '../graph.ts';
import { assertSameType, dimensionAt, emitOne, first, normalAxis } from './emit.ts';

/** The same elements in another shape, whose element count must be provably equal. */
export function reshape(x: Value, shape: Shape): Value {
  const target = shape.map(canonical);
  if (elementCount(x.shape) !== elementCount(target)) {
    throw new GraphError(
      `Reshape: ${shapeText(x.shape)} and ${shapeText(target)} hold different numbers of elements`,
    );
  }
  if (shapeText(x.shape) === shapeText(target)) return x;
  return emitOne('Reshape', [x, reshapeTarget(x, target)], { dtype: x.dtype, shape: target });
}

/** Reshape's shape operand: 0 keeps an aligned symbolic axis, one -1 is inferred, the rest is computed. */
function reshapeTarget(x: Value, target: Shape): Value {
  const aligned = target.map(
    (dimension, axis) => typeof dimension === 'string' && x.shape[axis] === dimension,
  );
  const open = target.filter((dimension, axis) => typeof dimension === 'string' && !aligned[axis]).length;
  if (open > 1 || target.includes(0)) return x.graph.shapeTensor(target);
  const sizes = target.map((dimension, axis) =>
    typeof dimension === 'number' ? dimension : aligned[axis] ? 0 : -1,
  );
  return x.graph.constant('int64', sizes);
}

/** Axes in the given order. */
export function transpose(x: Value, permutation: readonly number[]): Value {
  const axes = permutation.map((axis) => normalAxis('Transpose', axis, x.shape.length));
  if (new Set(axes).size !== x.shape.length || axes.length !== x.shape.length) {
    throw new GraphError(`Transpose: [${permutation.join(', ')}] is no permutation of ${shapeText(x.shape)}`);
  }
  if (axes.every((axis, index) => axis === index)) return x;
  return emitOne(
    'Transpose',
    [x],
    { dtype: x.dtype, shape: axes.map((axis) => dimensionAt(x.shape, axis)) },
    { perm: axes },
  );
}

/** Inserts axes of size 1 at positions of the result. */
export function unsqueeze(x: Value, axes: readonly number[]): Value {
  const rank = x.shape.length + axes.length;
  const inserted = new Set(axes.map((axis) => normalAxis('Unsqueeze', axis, rank)));
  if (inserted.size !== axes.length) throw new GraphError(`Unsqueeze: axes [${axes.join(', ')}] repeat`);
  const rest = [...x.shape];
  const shape = Array.from({ length: rank }, (_, axis) => (inserted.has(axis) ? 1 : (rest.shift() ?? 1)));
  return emitOne(
    'Unsqueeze',
    [
      x,
      x.graph.constant(
        'int64',
        [...inserted].sort((a, b) => a - b),
      ),
    ],
    { dtype: x.dtype, shape },
  );
}

/** Removes axes of size 1. */
export function squeeze(x: Value, axes: readonly number[]): Value {
  const removed = new Set(axes.map((axis) => normalAxis('Squeeze', axis, x.shape.length)));
  for (const axis of removed) {
    if (x.shape[axis] !== 1) throw new GraphError(`Squeeze: axis ${axis} of ${shapeText(x.shape)} is not 1`);
  }
  const shape = x.shape.filter((_, axis) => !removed.has(axis));
  return emitOne(
    'Squeeze',
    [
      x,
      x.graph.constant(
        'int64',
        [...removed].sort((a, b) => a - b),
      ),
    ],
    { dtype: x.dtype, shape },
  );
}

/** Repeats axes of size 1 up to a shape. */
export function expand(x: Value, shape: Shape): Value {
  const target = shape.map(canonical);
  if (shapeText(broadcastShapes('Expand', x.shape, target)) !== shapeText(target)) {
    throw new GraphError(`Expand: ${shapeText(x.shape)} does not expand to ${shapeText(target)}`);
  }
  if (shapeText(x.shape) === shapeText(target)) return x;
  return emitOne('Expand', [x, x.graph.shapeTensor(target)], { dtype: x.dtype, shape: target });
}

/** One range of an axis: `end` exclusive, negative counts from the back; a missing end is the axis's end. */
export interface Range {
  readonly axis: number;
  readonly start: number;
  readonly end?: number;
}

/** A sub-range of one or several axes, step 1. */
export function slice(x: Value, ranges: readonly Range[]): Value {
  const shape = [...x.shape];
  const axes = ranges.map(({ axis }) => normalAxis('Slice', axis, shape.length));
  ranges.forEach(({ start, end }, index) => {
    const axis = axes[index] ?? 0;
    const size = dimensionAt(x.shape, axis);
    shape[axis] = rangeSize(x, size, start, end);
  });
  const { graph } = x;
  const operands = [
    x,
    graph.constant(
      'int64',
      ranges.map(({ start }) => start),
    ),
    graph.constant(
      'int64',
      ranges.map(({ end }) => end ?? SLICE_TO_END),
    ),
    graph.constant('int64', axes),
  ];
  return emitOne('Slice', operands, { dtype: x.dtype, shape });
}

const SLICE_TO_END = 2 ** 31 - 1;

function rangeSize(x: Value, size: Dimension, start: number, end: number | undefined): Dimension {
  const text = `Slice: [${start}, ${end ?? ''}) of ${shapeText(x.shape)}`;
  if (typeof size === 'number') {
    const from = start < 0 ? start + size : start;
    const to = end === undefined ? size : end < 0 ? end + size : end;
    if (from < 0 || to > size || from > to) throw new GraphError(`${text} is out of range`);
    return to - from;
  }
  // A symbolic size is trusted to be long enough; the engine would clamp in silence, so say so at the call.
  if (end === undefined) return start < 0 ? -start : subtractDimensions(size, start);
  if (start < 0 === end < 0) {
    if (end < start) throw new GraphError(`${text} is out of range`);
    return end - start;
  }
  if (start < 0) throw new GraphError(`${text}: the size is not known`);
  return subtractDimensions(addDimensions(size, 0), start - end);
}

/** Values one after the other along an axis. */
export function concat(values: readonly Value[], axis: number): Value {
  const head = first(values);
  const position = normalAxis('Concat', axis, head.shape.length);
  let total: Dimension = 0;
  for (const value of values) {
    assertSameType('Concat', head, value);
    const fits = head.shape.every(
      (dimension, index) => index === position || dimension === value.shape[index],
    );
    if (!fits || value.shape.length !== head.shape.length) {
      throw new GraphError(
        `Concat on axis ${axis}: ${values.map(({ shape }) => shapeText(shape)).join(', ')} do not fit`,
      );
    }
    total = addDimensions(total, dimensionAt(value.shape, position));
  }
  const shape = head.shape.with(position, total);
  return emitOne('Concat', values, { dtype: head.dtype, shape }, { axis: position });
}

/** Cuts an axis into parts of the given sizes, which may be symbolic. */
export function split(x: Value, axis: number, sizes: readonly Dimension[]): readonly Value[] {
  const position = normalAxis('Split', axis, x.shape.length);
  const total = sizes.reduce((sum, size) => addDimensions(sum, size), 0);
  if (dimensionAt(x.shape, position) !== total) {
    throw new GraphError(
      `Split: sizes [${sizes.join(', ')}] do not add up to axis ${axis} of ${shapeText(x.shape)}`,
    );
  }
  const outputs = sizes.map((size) => ({ dtype: x.dtype, shape: x.shape.with(position, canonical(size)) }));
  return Graph.emit('Split', [x, x.graph.shapeTensor(sizes)], { axis: position }, outputs);
}

/** The value under other names of its dimensions, where the caller knows more than the builder can prove. */
export function assumeShape(x: Value, shape: Shape): Value {
  const target = shape.map(canonical);
  const fits = target.every((dimension, axis) => {
    const known = x.shape[axis];
    return dimension === known || typeof dimension === 'string' || typeof known === 'string';
  });
  if (target.length !== x.shape.length || !fits) {
    throw new GraphError(`assumeShape: ${shapeText(x.shape)} cannot be ${shapeText(target)}`);
  }
  const [renamed] = Graph.composite(
    'AssumeShape',
    [x],
    () => [Graph.detach(x, target)],
    ({ outputGradients }) => outputGradients.map((gradient) => gradient && Graph.detach(gradient, x.shape)),
  );
  if (renamed === undefined) throw new GraphError('assumeShape: no result');
  return renamed;
}

/** A tensor of one number in a shape that may be symbolic. */
export function full(graph: Graph, value: number, dtype: Value['dtype'], shape: Shape): Value {
  const scalar = graph.scalar(value, dtype);
  const target = shape.map(canonical);
  if (target.length === 0) return scalar;
  const operands = [scalar, graph.shapeTensor(target)];
  return emitOne('Expand', operands, { dtype: scalar.dtype, shape: target });
}

/** 0, 1, ..., size - 1 as int64 [size]. */
export function range(graph: Graph, size: Dimension): Value {
  const wanted = canonical(size);
  const limit = squeeze(graph.dimension(wanted), [0]);
  const operands = [graph.scalar(0, 'int64'), limit, graph.scalar(1, 'int64')];
  return first(
    Graph.emit(
      'Range',
      operands,
      {},
      [{ dtype: 'int64', shape: [wanted] }],
      '',
      innermost('Range', operands),
    ),
  );
}
