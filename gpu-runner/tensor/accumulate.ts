/** Gradient accumulation: micro-batches one after the other in a Loop, their gradients added up. */
import { GraphError } from './errors.ts';
import { gradients } from './gradient.ts';
import type { Graph, Value } from './graph.ts';
import * as ops from './operators.ts';

interface MicroBatchResult {
  /**
   * A scalar. The sum over micro-batches is what is differentiated, so divide by what the whole batch counts
   * (all tokens, all rows), not by what the micro-batch does.
   */
  readonly loss: Value;
  /** reported for every micro-batch, stacked on a new first axis */
  readonly statistics?: readonly Value[];
}

export interface AccumulateOptions {
  /** values cut along their first axis, [micro-batches, ...]; all of one first size */
  readonly batches: readonly Value[];
  readonly parameters: readonly Value[];
  /** builds the loss of one micro-batch from its cuts; parameters and other outer values are used as they are */
  readonly loss: (graph: Graph, cuts: readonly Value[]) => MicroBatchResult;
}

export interface Accumulated {
  readonly gradients: readonly Value[];
  /** [micro-batches] */
  readonly losses: Value;
  readonly statistics: readonly Value[];
}

/** The gradients of the summed losses, at the peak memory of one micro-batch. */
export function accumulateGradients(
  graph: Graph,
  { batches, parameters, loss }: AccumulateOptions,
): Accumulated {
  const count = ops.first(batches).shape[0];
  if (count === undefined || batches.some(({ shape }) => shape[0] !== count)) {
    throw new GraphError(`Micro-batches need one first axis: ${batches.map(ops.typeText).join(', ')}`);
  }
  const zeros = parameters.map(({ dtype, shape }) => ({ initial: ops.fill(graph, 0, dtype, shape) }));
  const { carried, stacked } = ops.loop(graph, 'micro_batches', {
    count: ops.squeeze(graph.dimension(count), [0]),
    carried: zeros,
    steps: count,
    body: (body, iteration, sums) => {
      const cuts = batches.map((batch) => ops.gather(batch, iteration));
      const result = loss(body, cuts);
      const parts = gradients(result.loss, parameters);
      return {
        carried: sums.map((total, index) => ops.add(total, parts[index] ?? total)),
        stacked: [result.loss, ...(result.statistics ?? [])],
      };
    },
  });
  return { gradients: carried, losses: ops.first(stacked), statistics: stacked.slice(1) };
}
