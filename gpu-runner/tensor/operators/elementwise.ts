/** Elementwise operators with numpy broadcasting, comparisons, choice and casts. */
import { type DataType, dataTypeCode } from '../data-type.ts';
import { broadcastShapes } from '../dimension.ts';
import { GraphError } from '../errors.ts';
import { Graph, type Value } from '../graph.ts';
import { assertFloating, assertSameType, asValue, emitOne, type Operand, typeText } from './emit.ts';

function binary(operator: string, a: Operand, b: Operand, dtype?: DataType): Value {
  if (typeof a === 'number' && typeof b === 'number')
    throw new GraphError(`${operator}: both operands are numbers`);
  const [left, right] = typeof a === 'number' ? [asValue(a, b as Value), b as Value] : [a, asValue(b, a)];
  assertSameType(operator, left, right);
  const shape = broadcastShapes(operator, left.shape, right.shape);
  return emitOne(operator, [left, right], { dtype: dtype ?? left.dtype, shape });
}

function unary(operator: string, x: Value): Value {
  assertFloating(operator, x);
  return emitOne(operator, [x], x);
}

export const add = (a: Operand, b: Operand): Value => binary('Add', a, b);
export const subtract = (a: Operand, b: Operand): Value => binary('Sub', a, b);
export const multiply = (a: Operand, b: Operand): Value => binary('Mul', a, b);
export const divide = (a: Operand, b: Operand): Value => binary('Div', a, b);
export const minimum = (a: Operand, b: Operand): Value => binary('Min', a, b);
export const maximum = (a: Operand, b: Operand): Value => binary('Max', a, b);
export const equal = (a: Operand, b: Operand): Value => binary('Equal', a, b, 'bool');
export const greater = (a: Operand, b: Operand): Value => binary('Greater', a, b, 'bool');
export const greaterOrEqual = (a: Operand, b: Operand): Value => binary('GreaterOrEqual', a, b, 'bool');
export const less = (a: Operand, b: Operand): Value => binary('Less', a, b, 'bool');
export const lessOrEqual = (a: Operand, b: Operand): Value => binary('LessOrEqual', a, b, 'bool');
export const and = (a: Value, b: Value): Value => binary('And', a, b);
export const or = (a: Value, b: Value): Value => binary('Or', a, b);

/** The remainder with the divisor's sign, integers only. */
export const modulo = (a: Operand, b: Operand): Value => binary('Mod', a, b);

export const not = (x: Value): Value => emitOne('Not', [x], x);
export const absolute = (x: Value): Value => emitOne('Abs', [x], x);
export const negate = (x: Value): Value => emitOne('Neg', [x], x);
export const exp = (x: Value): Value => unary('Exp', x);
export const log = (x: Value): Value => unary('Log', x);
export const sqrt = (x: Value): Value => unary('Sqrt', x);
export const reciprocal = (x: Value): Value => unary('Reciprocal', x);
export const sigmoid = (x: Value): Value => unary('Sigmoid', x);
export const tanh = (x: Value): Value => unary('Tanh', x);
export const softplus = (x: Value): Value => unary('Softplus', x);

/** Rounds to the nearest integer, halves to even. */
export const round = (x: Value): Value => unary('Round', x);

/** x to a constant power. */
export function power(x: Value, exponent: number): Value {
  assertFloating('Pow', x);
  return emitOne('Pow', [x, x.graph.scalar(exponent, x.dtype)], x);
}

/** x limited to [low, high]; both are constants or scalars. */
export function clip(x: Value, low: Operand, high: Operand): Value {
  const [minimum, maximum] = [asValue(low, x), asValue(high, x)];
  for (const bound of [minimum, maximum]) {
    assertSameType('Clip', x, bound);
    if (bound.shape.length > 0) throw new GraphError(`Clip: bounds must be scalars, got ${typeText(bound)}`);
  }
  return emitOne('Clip', [x, minimum, maximum], x);
}

/** Elements of `a` where the condition holds, of `b` elsewhere. */
export function where(condition: Value, a: Operand, b: Operand): Value {
  if (condition.dtype !== 'bool')
    throw new GraphError(`Where: the condition is ${typeText(condition)}, not bool`);
  if (typeof a === 'number' && typeof b === 'number') {
    throw new GraphError('Where: give at least one branch as a value, or cast the condition');
  }
  const [left, right] = typeof a === 'number' ? [asValue(a, b as Value), b as Value] : [a, asValue(b, a)];
  assertSameType('Where', left, right);
  const branches = broadcastShapes('Where', left.shape, right.shape);
  const shape = broadcastShapes('Where', condition.shape, branches);
  return emitOne('Where', [condition, left, right], { dtype: left.dtype, shape });
}

/** The value in another element type. */
export function cast(x: Value, dtype: DataType): Value {
  if (x.dtype === dtype) return x;
  return emitOne('Cast', [x], { dtype, shape: x.shape }, { to: dataTypeCode(dtype) });
}

/** The same numbers, through which no gradient flows. */
export function stopGradient(x: Value): Value {
  return Graph.detach(x);
}
