/** Soft caps: c tanh(x / c) keeps scores and logits within c. */
import { type Value } from '../../tensor/graph.ts';
import * as ops from '../../tensor/operators.ts';

/** A capped value and its slope by what was capped. */
export interface Capped {
  /** c tanh(x / c) */
  readonly value: Value;
  /** 1 - tanh(x / c)^2, made where it is asked for; undefined where there is no cap */
  readonly slope: (() => Value) | undefined;
}

/** @param cap c; null leaves x as it is */
export function softCapped(x: Value, cap: number | null): Capped {
  if (cap === null) return { value: x, slope: undefined };
  const share = ops.tanh(ops.multiply(x, 1 / cap));
  return {
    value: ops.multiply(share, cap),
    slope: () => ops.subtract(1, ops.multiply(share, share)),
  };
}
