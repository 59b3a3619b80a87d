/** When the engine runs an operator. */
import type { Value } from '../graph.ts';
import { multiply } from './elementwise.ts';
import { emitOne } from './emit.ts';

/**
 * x, but not before `other` is known: what is made of x alone the engine would run as soon as x is there, and keep until
 * something wants it. A backward pass that reads the forward's values only through this computes from them when its gradient
 * has come. Costs nothing: Reshape passes its buffer on, and 0 in its shape keeps an axis; the zeros are made of
 * the number of rows of `other`, which no optimiser knows ahead.
 *
 * @param other of rank 1 or more
 */
export function after(x: Value, other: Value): Value {
  const rows = emitOne('Shape', [other], { dtype: 'int64', shape: [1] }, { start: 0, end: 1 });
  const zeros = x.graph.constant(
    'int64',
    x.shape.map(() => 0),
  );
  return emitOne('Reshape', [x, multiply(rows, zeros)], x);
}
