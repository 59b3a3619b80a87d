/** The end of a training step: sums of gradients, clipped by group, and the optimiser's next state. */
import { Graph } from '../../tensor/graph.ts';
import * as ops from '../../tensor/operators.ts';
import { clipByGroupNorm } from '../../tensor/optimiser.ts';
import { GRADIENT_SUMS } from '../../../shared/planner/step-parts.ts';
import { fullLayout } from './full-weights.ts';
import { groupsOf, type Trainable, vectorLength } from './graphs.ts';
import { type OptimiserOptions, updatedState } from './optimiser.ts';

/** Name of the input that has a sum of gradients. */
export const gradientSum = (sum: number): string => `gradient${sum}`;

/**
 * Inputs: `parameters`, `firstMoments`, `secondMoments` [G, P], `gradient0`, `gradient1` [G, P] (the sums over the step's parts),
 * `learningRates` [G, 1], `step` [] (1 for the first). Outputs: `nextParameters`, `nextFirstMoments`, `nextSecondMoments` and
 * `gradientNorms` [G, 1], before clipping, of each group for itself.
 */
export function updateGraph(trainable: Trainable, optimiser: OptimiserOptions): Graph {
  const graph = new Graph('update');
  const groups = groupsOf(trainable);
  const shape = [groups, vectorLength(trainable)];
  const vector = (name: string) => graph.input(name, 'float32', shape);
  const gradient = Array.from({ length: GRADIENT_SUMS }, (_, sum) => vector(gradientSum(sum))).reduce(
    (one, other) => ops.add(one, other),
  );
  const { gradient: clipped, norms } = clipByGroupNorm(gradient, optimiser.clipNorm);
  const state = {
    parameter: vector('parameters'),
    firstMoment: vector('firstMoments'),
    secondMoment: vector('secondMoments'),
  };
  const timing = {
    learningRate: graph.input('learningRates', 'float32', [groups, 1]),
    step: graph.input('step', 'float32', []),
  };
  const layout = trainable.kind === 'full' ? fullLayout(trainable.architecture) : null;
  const next = updatedState(state, clipped, timing, optimiser, layout);
  graph.output('gradientNorms', norms);
  graph.output('nextParameters', next.parameter);
  graph.output('nextFirstMoments', next.firstMoment);
  graph.output('nextSecondMoments', next.secondMoment);
  return graph;
}
