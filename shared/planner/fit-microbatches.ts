/** Settings of training for a machine's memory: how many rows at a time, which changes what a step holds and not what it learns. */
import type { Hyperparameters } from '../api/tasks/kinds.ts';
import { alignmentWorkload } from './alignment-workload.ts';
import type { ModelShape, PlannedDevice } from './model-bytes.ts';
import { planMemory } from './plan.ts';
import { settingsOf } from './work.ts';

/** Part of the machine that a task may fill: the rest is the edge's and everyone's. */
const SHARE = 0.8;

/**
 * PPO's micro-batches halved until a step fits the machine.
 *
 * @param memoryBytes of the device; null where nobody says, and then nothing is halved
 */
export function fitMicrobatches(
  hyperparameters: Hyperparameters,
  shape: ModelShape,
  memoryBytes: number | null,
  device: PlannedDevice = 'cpu',
): Hyperparameters {
  const ppo = settingsOf('ppo', hyperparameters);
  const fits = (microbatchSize: number) => {
    const workload = alignmentWorkload({ ppo: { ...ppo, microbatchSize } }, shape);
    return memoryBytes === null || planMemory(device, shape, workload).total <= SHARE * memoryBytes;
  };
  let { microbatchSize } = ppo;
  while (microbatchSize > 1 && microbatchSize % 2 === 0 && !fits(microbatchSize)) microbatchSize /= 2;
  if (microbatchSize === ppo.microbatchSize) return hyperparameters;
  return { ...hyperparameters, ppo: { ...hyperparameters.ppo, microbatchSize } };
}
