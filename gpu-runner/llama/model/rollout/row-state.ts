/** How a drawn token changes what a rollout remembers of each row. */
import { Graph, type Value } from '../../../tensor/graph.ts';
import * as ops from '../../../tensor/operators.ts';
import { drawToken } from './draw-token.ts';
import type { RolloutInputs, RolloutState } from './rollout-graph-ends.ts';

/** What a row is between two tokens, and the token that it reads next, int64 [batch]. */
export type RowState = Pick<RolloutState, 'finished' | 'stopped' | 'generatedLengths' | 'window'> & {
  readonly token: Value;
};

/** In the order in which loops carry it. */
export const ROW_STATE = ['token', 'finished', 'stopped', 'generatedLengths', 'window'] as const;

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
  { limits, stops, draw }: Pick<RolloutInputs, 'limits' | 'stops' | 'draw'>,
  logarithm: (probability: Value) => Value,
): { readonly row: RowState; readonly logProbability: Value } {
  const { finished, stopped, generatedLengths, window } = row;
  const drawn = drawToken(logits, pick, draw);
  const token = ops.where(finished, padToken, drawn.token);
  const seen = ops.concat([ops.slice(window, [{ axis: 1, start: 1 }]), ops.unsqueeze(token, [1])], 1);
  const active = ops.not(finished);
  const total = ops.add(generatedLengths, ops.cast(active, 'int64'));
  const endsNow = ops.and(active, endsWithAny(seen, stops));
  return {
    row: {
      token,
      finished: ops.or(ops.or(finished, endsNow), ops.greaterOrEqual(total, limits)),
      stopped: ops.or(stopped, endsNow),
      generatedLengths: total,
      window: Graph.detach(seen, [window.shape[0] ?? 1, 'window']),
    },
    logProbability: ops.where(finished, 0, logarithm(drawn.probability)),
  };
}

/** Whether some row goes on. */
export function anyUnfinished(finished: Value): Value {
  return ops.equal(ops.reduceMin(ops.cast(finished, 'int32')), 0);
}

/** Rows of the residual stream that the next token is drawn from: each row's last of `time` that counts, [batch]. */
export function lastRows(body: Graph, inputLengths: Value, time: Value): Value {
  const [batch = 1] = inputLengths.shape;
  const firstRows = ops.multiply(ops.range(body, batch), time);
  return ops.subtract(ops.add(firstRows, inputLengths), 1);
}

/** Whether rows end with one of the sequences: [batch, W], [stops, W] with -1 for "anything" -> bool [batch]. */
function endsWithAny(window: Value, stops: Value): Value {
  const fits = ops.or(
    ops.equal(
      Graph.detach(ops.unsqueeze(window, [1]), [window.shape[0] ?? 1, 1, 'window']),
      ops.unsqueeze(stops, [0]),
    ),
    ops.unsqueeze(ops.equal(stops, -1), [0]),
  );
  const whole = ops.reduceMin(ops.cast(fits, 'int32'), { axes: [2] });
  return ops.equal(ops.reduceMax(whole, { axes: [1] }), 1);
}
