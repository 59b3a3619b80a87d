/** What a rollout remembers of each row between tokens, and how a drawn token changes it. */
import type { Dimension } from '../../../tensor/dimension.ts';
import { Graph, type Value } from '../../../tensor/graph.ts';
import * as ops from '../../../tensor/operators.ts';
import type { Architecture } from '../architecture.ts';
import { drawToken, type DrawOptions } from './draw-token.ts';
import { endsWithAny } from '../../backends/cpu/rollout-graph.ts';

/** What a draw reads. */
interface DrawContext {
  readonly architecture: Architecture;
  readonly batch: Dimension;
  readonly limits: Value;
  readonly stops: Value;
  readonly draw: DrawOptions;
}

/**
 * The state as inputs of the graph: the token to read [batch] (the last of a prompt), finished, stopped, drawn, window; and
 * the prompts' lengths.
 */
export function rowState(
  graph: Graph,
  tokens: Value,
  batch: Dimension,
): { readonly row: readonly Value[]; readonly real: Value } {
  const flat = ops.reshape(tokens, [batch, 'promptTime']);
  return {
    row: [
      ops.reshape(ops.slice(flat, [{ axis: 1, start: -1 }]), [batch]),
      graph.input('finished', 'bool', [batch]),
      graph.input('stopped', 'bool', [batch]),
      graph.input('drawn', 'int64', [batch]),
      graph.input('window', 'int64', [batch, 'window']),
    ],
    real: graph.input('real', 'int64', [batch]),
  };
}

/**
 * Draws a token for every row and updates its state.
 *
 * @param row token, finished, stopped, drawn, window
 * @param logits fp32 [batch, vocabulary]
 * @param pick fp32 [batch] in [0, 1)
 */
export function nextState(
  body: Graph,
  row: readonly Value[],
  logits: Value,
  pick: Value,
  { architecture, batch, limits, stops, draw }: DrawContext,
): { readonly row: readonly Value[]; readonly token: Value; readonly logProbability: Value } {
  const [, done, byStop, soFar, last] = row.map((value) => body.capture(value));
  if (done === undefined || byStop === undefined || soFar === undefined || last === undefined)
    throw new RangeError('a row has five values');
  const drawn = drawToken(logits, pick, draw);
  const token = ops.where(done, architecture.padToken, drawn.token);
  const seen = ops.concat([ops.slice(last, [{ axis: 1, start: 1 }]), ops.unsqueeze(token, [1])], 1);
  const active = ops.not(done);
  const total = ops.add(soFar, ops.cast(active, 'int64'));
  const endsNow = ops.and(active, endsWithAny(seen, stops));
  const finished = ops.or(ops.or(done, endsNow), ops.greaterOrEqual(total, limits));
  return {
    row: [token, finished, ops.or(byStop, endsNow), total, Graph.detach(seen, [batch, 'window'])],
    token,
    logProbability: ops.where(done, 0, ops.log(drawn.probability)),
  };
}
