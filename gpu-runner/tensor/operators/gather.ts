/** Picking elements by index and adding them back. */
import { type Dimension, shapeText } from '../dimension.ts';
import { GraphError } from '../errors.ts';
import type { Value } from '../graph.ts';
import { assertSameType, dimensionAt, emitOne, normalAxis, typeText } from './emit.ts';

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

/** Slices by index tuples: x [d0, ..., dr], indices [..., q] -> [..., dq, ..., dr]. */
export function gatherND(x: Value, indices: Value): Value {
  assertIndices('GatherND', indices);
  const shape = [...indices.shape.slice(0, -1), ...x.shape.slice(indexDepth('GatherND', x, indices))];
  return emitOne('GatherND', [x, indices], { dtype: x.dtype, shape });
}

function indexDepth(operator: string, x: Value, indices: Value): number {
  const depth: Dimension = dimensionAt(indices.shape, -1);
  if (typeof depth !== 'number' || depth > x.shape.length) {
    throw new GraphError(
      `${operator}: ${shapeText(x.shape)} cannot be indexed by ${shapeText(indices.shape)}`,
    );
  }
  return depth;
}

/** x with `updates` written (or added) where the index tuples point. */
export function scatterND(
  x: Value,
  indices: Value,
  updates: Value,
  reduction: 'none' | 'add' = 'none',
): Value {
  assertIndices('ScatterND', indices);
  assertSameType('ScatterND', x, updates);
  const expected = [...indices.shape.slice(0, -1), ...x.shape.slice(indexDepth('ScatterND', x, indices))];
  if (shapeText(expected) !== shapeText(updates.shape)) {
    throw new GraphError(
      `ScatterND: updates are ${shapeText(updates.shape)}, the indices ask for ${shapeText(expected)}`,
    );
  }
  return emitOne('ScatterND', [x, indices, updates], x, { reduction });
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
