/** How hidden rows become the logits that a token is drawn from: the model's own cap, then the temperature. */
import type { Value } from '../../tensor/graph.ts';
import * as ops from '../../tensor/operators.ts';
import type { Architecture } from './architecture.ts';
import { type Capped, softCapped } from './soft-cap.ts';

/** logits = ends(rows(x) W). */
export interface LogitForm {
  /** what the vocabulary's product reads: [rows, hidden] */
  readonly rows: (x: Value) => Value;
  /** what becomes of its result: [rows, vocabulary] */
  readonly ends: (products: Value) => Capped;
  /** anything divided by the temperature */
  readonly tempered: (x: Value) => Value;
}

/**
 * Without a cap the rows are divided by the temperature, not the logits, which are many more; a cap holds what the model
 * itself says, so it comes before the temperature.
 *
 * @param temperature T, or 1 / T as a value of the graph
 */
export function logitForm({ softCaps }: Architecture, temperature: number | Value): LogitForm {
  const tempered = (x: Value): Value => {
    if (typeof temperature !== 'number') return ops.multiply(x, temperature);
    return temperature === 1 ? x : ops.multiply(x, 1 / temperature);
  };
  if (softCaps.logits === null)
    return { rows: tempered, ends: (value) => ({ value, slope: undefined }), tempered };
  return {
    rows: (x) => x,
    ends: (products) => {
      const { value, slope } = softCapped(products, softCaps.logits);
      return { value: tempered(value), slope };
    },
    tempered,
  };
}
