/** Small helpers every operator file shares. */
import { isFloating } from '../data-type.ts';
import { type Dimension, type Shape, shapeText } from '../dimension.ts';
import { GraphError } from '../errors.ts';
import { type Attributes, Graph, type TensorType, type Value } from '../graph.ts';

/** A value, or a number that becomes a scalar constant of the other operand's type. */
export type Operand = Value | number;

/** Emits an operator with one output. */
export function emitOne(
  operator: string,
  inputs: readonly (Value | undefined)[],
  output: TensorType,
  attributes: Attributes = {},
  domain = '',
): Value {
  return first(Graph.emit(operator, inputs, attributes, [output], domain));
}

/** A value that an operator must have given. @throws GraphError if it did not */
export function known<Thing>(value: Thing | undefined, what = 'result'): Thing {
  if (value === undefined) throw new GraphError(`The graph lacks its ${what}`);
  return value;
}

/** The first of some values. */
export function first(values: readonly Value[]): Value {
  const [value] = values;
  if (value === undefined) throw new GraphError('An operator came back without outputs');
  return value;
}

/** The operand as a value of the type of `like`. */
export function asValue(operand: Operand, like: Value): Value {
  return typeof operand === 'number' ? like.graph.scalar(operand, like.dtype) : operand;
}

/** "float32[2, 3]", for messages. */
export function typeText({ dtype, shape }: TensorType): string {
  return `${dtype}${shapeText(shape)}`;
}

/** An axis counted from the front. @throws GraphError naming the operator when it is out of range */
export function normalAxis(operator: string, axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw new GraphError(`${operator}: axis ${axis} is out of range for rank ${rank}`);
  }
  return axis < 0 ? axis + rank : axis;
}

/** The dimension of an axis. */
export function dimensionAt(shape: Shape, axis: number): Dimension {
  const dimension = shape.at(axis);
  if (dimension === undefined) throw new GraphError(`Shape ${shapeText(shape)} has no axis ${axis}`);
  return dimension;
}

/** @throws GraphError unless the types are equal */
export function assertSameType(operator: string, a: Value, b: Value): void {
  if (a.dtype !== b.dtype) {
    throw new GraphError(`${operator}: element types differ: ${typeText(a)} and ${typeText(b)}`);
  }
}

/** @throws GraphError unless the value holds floating point numbers */
export function assertFloating(operator: string, value: Value): void {
  if (!isFloating(value.dtype))
    throw new GraphError(`${operator}: needs floating point, got ${typeText(value)}`);
}
