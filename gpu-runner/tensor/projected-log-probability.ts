/** Output projection, softmax and the log-probability of the targets in one: logits of one chunk at a time. */
import { shapeText } from './dimension.ts';
import { GraphError } from './errors.ts';
import { Graph, type Value } from './graph.ts';
import * as ops from './operators.ts';

/** A frozen output projection, written by its owner. */
export interface FrozenProjection {
  /** [rows, size] -> logits [rows, vocabulary] */
  readonly forward: (hidden: Value) => Value;
  /** gradient of logits [rows, vocabulary] -> gradient of hidden [rows, size] */
  readonly backward: (gradient: Value) => Value;
}

export const PROJECTED_LOG_PROBABILITY_FORMULA = 'dX = g (w(target) - W softmax(X W)), W frozen';

/**
 * Log-probability of each target under softmax(hidden W) for a frozen W.
 *
 * The gradient of hidden is g times a vector that does not depend on g, so both come out of one pass: the
 * logits of all rows, by far the largest tensor of a step, never exist at once and are not visited again.
 *
 * @param hidden [chunks, rows, size]; a chunk's logits are [rows, vocabulary], a hundred rows or so are best
 * @param targets integers [chunks, rows]
 * @returns [chunks, rows]
 */
export function projectedLogProbability(hidden: Value, targets: Value, projection: FrozenProjection): Value {
  const [chunks] = hidden.shape;
  if (
    hidden.shape.length !== 3 ||
    chunks === undefined ||
    shapeText(hidden.shape.slice(0, 2)) !== shapeText(targets.shape)
  ) {
    throw new GraphError(
      `ProjectedLogProbability: hidden ${shapeText(hidden.shape)}, targets ${shapeText(targets.shape)}`,
    );
  }
  const { graph } = hidden;
  const { stacked } = ops.loop(graph, 'vocabulary', {
    count: ops.squeeze(graph.dimension(chunks), [0]),
    carried: [],
    steps: chunks,
    body: (_body, chunk) => {
      const rows = ops.gather(hidden, chunk);
      const all = ops.logSoftmax(projection.forward(rows));
      const column = ops.unsqueeze(ops.gather(targets, chunk), [-1]);
      const picked = ops.gatherElements(all, column, 1);
      const one = ops.fill(graph, -1, all.dtype, [rows.shape[0] ?? 1, 1]);
      const surplus = ops.scatterElements(ops.exp(all), column, one, 1, 'add');
      return { carried: [], stacked: [ops.squeeze(picked, [-1]), projection.backward(surplus)] };
    },
  });
  const [logProbabilities, pull] = stacked;
  if (logProbabilities === undefined || pull === undefined) throw new GraphError('The loop has no results');
  const [result] = Graph.composite(
    'ProjectedLogProbability',
    [hidden],
    () => [logProbabilities],
    ({ outputGradients: [g] }) =>
      g === undefined ? [] : [ops.multiply(ops.negate(ops.unsqueeze(g, [-1])), pull)],
  );
  return result ?? logProbabilities;
}
