/** How a drawn token changes what a rollout remembers of each row. */
import type { Value } from '../../../tensor/graph.ts';
import * as ops from '../../../tensor/operators.ts';
import { sizeOf } from './append-to-prefix.ts';
import { drawToken } from './draw-token.ts';
import type { RolloutInputs, RolloutState } from './rollout-graph-ends.ts';

/** What a row is between two tokens, and the token that it reads next, int64 [rows]. */
export type RowState = Pick<RolloutState, (typeof ROW)[number]> & {
  readonly token: Value;
};

/** What a drawn token changes of a row. */
export const ROW = ['finished', 'stopped', 'generatedLengths', 'endState'] as const;

/** The same with the token, in the order in which loops carry it. */
export const ROW_STATE = ['token', ...ROW] as const;

/** Values in the order of their names, by name. */
export function byName<Name extends string>(
  names: readonly Name[],
  values: readonly (Value | undefined)[],
): Readonly<Record<Name, Value>> {
  const entries = names.map((name, index) => [name, ops.known(values[index], name)]);
  return Object.fromEntries(entries) as Record<Name, Value>;
}

/**
 * Draws a token for every row and updates its state.
 *
 * @param logits fp32 [batch, vocabulary]
 * @param pick fp32 [batch] in [0, 1)
 * @param logarithm of probabilities fp32 [batch]
 */
export function nextToken(
  row: Omit<RowState, 'token'>,
  logits: Value,
  pick: Value,
  padToken: number,
  { limits, ends, draw }: Pick<RolloutInputs, 'limits' | 'ends' | 'draw'>,
  logarithm: (probability: Value) => Value,
): { readonly row: RowState; readonly logProbability: Value } {
  const { finished, stopped, generatedLengths, endState } = row;
  const drawn = drawToken(logits, pick, draw);
  const token = ops.where(finished, padToken, drawn.token);
  const [, vocabulary = 1] = logits.shape;
  const step = ops.add(ops.multiply(endState, Number(vocabulary)), token);
  const reached = ops.cast(ops.gather(ends, step), 'int64');
  const last = ops.subtract(ops.divide(sizeOf(ends, 0), Number(vocabulary)), 1);
  const active = ops.not(finished);
  const total = ops.add(generatedLengths, ops.cast(active, 'int64'));
  const endsNow = ops.and(active, ops.equal(reached, last));
  return {
    row: {
      token,
      finished: ops.or(ops.or(finished, endsNow), ops.greaterOrEqual(total, limits)),
      stopped: ops.or(stopped, endsNow),
      generatedLengths: total,
      endState: reached,
    },
    logProbability: ops.where(finished, 0, logarithm(drawn.probability)),
  };
}

/** Whether some row goes on. */
export function anyUnfinished(finished: Value): Value {
  return ops.equal(ops.reduceMin(ops.cast(finished, 'int32')), 0);
}
