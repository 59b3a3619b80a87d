/** Picking elements by index and adding them back. */
import { type Dimension, elementCount, type Shape, shapeText } from '../dimension.ts';
import { GraphError } from '../errors.ts';
import type { Value } from '../graph.ts';
import { assertSameType, emitOne, normalAxis, typeText } from './emit.ts';
import { expand, full, reshape } from './shape.ts';

function assertIndices(operator: string, indices: Value): void {
  if (indices.dtype !== 'int64' && indices.dtype !== 'int32') {
    throw new GraphError(`${operator}: indices must be int32 or int64, got ${typeText(indices)}`);
  }
}

/** Rows of an axis by index: [..., n, ...] with indices [i...] -> [..., i..., ...]. */
export function gather(x: Value, indices: Value, axis = 0): Value {
  assertIndices('Gather', indices);
  const position = normalAxis('Gather', axis, x.shape.length);
  const shape = [...x.shape.slice(0, position), ...indices.shape, ...x.shape.slice(position + 1)];
  return emitOne('Gather', [x, indices], { dtype: x.dtype, shape }, { axis: position });
}

/** One element per index along an axis; indices have the rank of x. */
export function gatherElements(x: Value, indices: Value, axis: number): Value {
  assertIndices('GatherElements', indices);
  const position = normalAxis('GatherElements', axis, x.shape.length);
  const fits = x.shape.every((dimension, index) => index === position || dimension === indices.shape[index]);
  if (!fits || x.shape.length !== indices.shape.length) {
    throw new GraphError(
      `GatherElements on axis ${axis}: ${shapeText(x.shape)} with indices ${shapeText(indices.shape)}`,
    );
  }
  return emitOne(
    'GatherElements',
    [x, indices],
    { dtype: x.dtype, shape: indices.shape },
    { axis: position },
  );
}

/** x with `updates` written (or added) along an axis, one index per update. */
export function scatterElements(
  x: Value,
  indices: Value,
  updates: Value,
  axis: number,
  reduction: 'none' | 'add' = 'none',
): Value {
  assertIndices('ScatterElements', indices);
  assertSameType('ScatterElements', x, updates);
  const position = normalAxis('ScatterElements', axis, x.shape.length);
  if (shapeText(indices.shape) !== shapeText(updates.shape)) {
    throw new GraphError(
      `ScatterElements: indices ${shapeText(indices.shape)}, updates ${shapeText(updates.shape)}`,
    );
  }
  return emitOne('ScatterElements', [x, indices, updates], x, { axis: position, reduction });
}

/**
 * Zeros [count, ...rest] with each of the rows added where its index says. Element by element, because the engine adds
 * those in one thread and in order; its ScatterND adds in several threads and loses additions where an index repeats.
 *
 * @param rows [...picks, ...rest]
 * @param indices [...picks]
 */
export function addRows(rows: Value, indices: Value, count: Dimension, rest: Shape): Value {
  const [picks, width] = [elementCount(indices.shape), elementCount(rest)];
  const places = expand(reshape(indices, [picks, 1]), [picks, width]);
  const zeros = full(rows.graph, 0, rows.dtype, [count, width]);
  const sums = scatterElements(zeros, places, reshape(rows, [picks, width]), 0, 'add');
  return reshape(sums, [count, ...rest]);
}
