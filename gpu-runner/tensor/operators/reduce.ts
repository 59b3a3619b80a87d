/** Reductions, softmax and cumulative sums. */
import { canonical } from '../dimension.ts';
import type { Value } from '../graph.ts';
import { assertFloating, emitOne, normalAxis } from './emit.ts';

/** Axes to reduce (all when left out) and whether they stay with size 1. */
export interface ReduceOptions {
  readonly axes?: readonly number[];
  readonly keep?: boolean;
}

function reduce(operator: string, x: Value, { axes, keep = false }: ReduceOptions): Value {
  const reduced = (axes ?? x.shape.map((_, axis) => axis)).map((axis) =>
    normalAxis(operator, axis, x.shape.length),
  );
  const set = new Set(reduced);
  const shape = x.shape.flatMap((dimension, axis) =>
    set.has(axis) ? (keep ? [1] : []) : [canonical(dimension)],
  );
  if (reduced.length === 0) return x;
  return emitOne(
    operator,
    [x, x.graph.constant('int64', reduced)],
    { dtype: x.dtype, shape },
    { keepdims: Number(keep) },
  );
}

export const reduceSum = (x: Value, options: ReduceOptions = {}): Value => reduce('ReduceSum', x, options);
export const reduceMean = (x: Value, options: ReduceOptions = {}): Value => reduce('ReduceMean', x, options);
export const reduceMax = (x: Value, options: ReduceOptions = {}): Value => reduce('ReduceMax', x, options);
export const reduceMin = (x: Value, options: ReduceOptions = {}): Value => reduce('ReduceMin', x, options);
/** log(sum(x)) by the C library, one result at a time: unlike `Log`, no result hangs on how many there are. No gradient rule. */
export const reduceLogSum = (x: Value, options: ReduceOptions = {}): Value =>
  reduce('ReduceLogSum', x, options);

/** exp(x) normalised over an axis. */
export function softmax(x: Value, axis = -1): Value {
  assertFloating('Softmax', x);
  return emitOne('Softmax', [x], x, { axis: normalAxis('Softmax', axis, x.shape.length) });
}

/** Position of the largest element of an axis (the first of equals), int64. */
export function argMax(x: Value, axis: number, keep = false): Value {
  const position = normalAxis('ArgMax', axis, x.shape.length);
  const shape = x.shape.flatMap((dimension, index) => (index === position ? (keep ? [1] : []) : [dimension]));
  return emitOne('ArgMax', [x], { dtype: 'int64', shape }, { axis: position, keepdims: Number(keep) });
}

/** Running sums along an axis. */
export function cumulativeSum(x: Value, axis: number): Value {
  const position = normalAxis('CumSum', axis, x.shape.length);
  return emitOne('CumSum', [x, x.graph.scalar(position, 'int64')], x);
}
