/** Which rows of a rollout go on, and where what was drawn for them belongs among all rows. */
import { type Dimension, multiplyDimensions } from '../../../tensor/dimension.ts';
import { GraphError } from '../../../tensor/errors.ts';
import { Graph, type Value } from '../../../tensor/graph.ts';
import * as ops from '../../../tensor/operators.ts';
import { sizeOf } from './append-to-prefix.ts';

/**
 * The rows that have not ended, in their order and equally many of each group: as many as the group with most has, which
 * others fill up with rows that have ended, and at least one.
 *
 * @param finished bool [groups * going]
 * @returns their places, int64 [groups * kept]
 */
export function unfinishedPlaces(finished: Value, groups: number, going: Dimension): Value {
  const { graph } = finished;
  const open = ops.cast(ops.reshape(ops.not(finished), [groups, going]), 'int64');
  const most = ops.reduceMax(ops.reduceSum(open, { axes: [1] }));
  const count = ops.unsqueeze(ops.maximum(most, 1), [0]);
  const type = { dtype: 'int64', shape: [groups, 'kept'] } as const;
  // Of equal numbers the engine takes the first places first, as the operator's definition asks.
  const [, place] = Graph.emit('TopK', [open, count], { axis: 1 }, [type, type]);
  if (place === undefined) throw new GraphError('TopK lost a result');
  const groupStarts = ops.multiply(ops.range(graph, groups), ops.squeeze(graph.dimension(going), [0]));
  return ops.reshape(ops.add(place, ops.unsqueeze(groupStarts, [1])), [multiplyDimensions(groups, 'kept')]);
}

/**
 * Values of some rows written at their places among those of all rows, which otherwise stay.
 *
 * @param all [batch, ...]
 * @param rowOf int64 [going], no row twice
 * @param values [going, ...]
 */
export function writeRows(all: Value, rowOf: Value, values: Value): Value {
  return ops.emitOne('ScatterND', [all, ops.unsqueeze(rowOf, [1]), values], all);
}

/** One number for all rows and the steps of `like`: [batch, made]. @param like [going, made] */
export function rowsOf(number: number, batch: Dimension, like: Value): Value {
  const { graph, dtype } = like;
  const [, made = 1] = like.shape;
  const shape = ops.concat([graph.dimension(batch), sizeOf(like, 1)], 0);
  return ops.emitOne('Expand', [graph.scalar(number, dtype), shape], { dtype, shape: [batch, made] });
}
