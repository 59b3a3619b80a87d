/** Settings of training for this machine's memory: how many rows at a time, which changes what a step holds and not what it learns. */
import { totalmem } from 'node:os';
import type { Hyperparameters } from '../../shared/api/tasks/kinds.ts';
import { PPO_DEFAULTS, ppoHyperparameters } from '../../shared/api/tasks/ppo.ts';
import { alignmentWorkload } from '../../shared/planner/alignment-workload.ts';
import { planMemory } from '../../shared/planner/plan.ts';
import { shapeOfConfiguration } from './model-shape.ts';

/** Part of the machine that a task may fill: the rest is the edge's and everyone's. */
const SHARE = 0.8;

/**
 * PPO's micro-batches halved until a step fits the machine.
 *
 * @param configuration what the engine tells of the model; settings stay as they are where it does not tell its shape
 */
export function fitMicrobatches(
  hyperparameters: Hyperparameters,
  configuration: Readonly<Record<string, unknown>> | undefined,
  memoryBytes = totalmem(),
): Hyperparameters {
  const shape = shapeOfConfiguration(configuration);
  if (shape === undefined) return hyperparameters;
  const ppo = ppoHyperparameters.parse({ ...PPO_DEFAULTS, ...hyperparameters.ppo });
  const fits = (microbatchSize: number) => {
    const workload = alignmentWorkload({ ppo: { ...ppo, microbatchSize } }, shape);
    return planMemory('cpu', shape, workload).total <= SHARE * memoryBytes;
  };
  let microbatchSize = ppo.microbatchSize;
  while (microbatchSize > 1 && microbatchSize % 2 === 0 && !fits(microbatchSize)) microbatchSize /= 2;
  if (microbatchSize === ppo.microbatchSize) return hyperparameters;
  return { ...hyperparameters, ppo: { ...hyperparameters.ppo, microbatchSize } };
}
