/** The order in which a PPO step visits its rollouts: reshuffled every epoch, each rollout once per epoch. */
import { permutation } from '../../../shared/random.ts';
import { AlgorithmInputError } from '../algorithm-error.ts';
import { streamOf } from '../streams.ts';

export interface MinibatchSettings {
  readonly rollouts: number;
  readonly epochs: number;
  /** Rollouts of one optimiser update. */
  readonly minibatchSize: number;
  /** Rollouts of one forward and backward pass; gradients accumulate over a minibatch's micro-batches. */
  readonly microbatchSize: number;
}

export interface Minibatch {
  readonly epoch: number;
  /** Row indices of each micro-batch. */
  readonly microbatches: readonly (readonly number[])[];
}

const EPOCH_LIMIT = 1024;

/**
 * Every minibatch of one PPO step, in order; a pure function of (settings, seed, step).
 *
 * @throws AlgorithmInputError if rollouts do not divide into minibatches, which would weigh rollouts unequally
 */
export function minibatchSchedule(settings: MinibatchSettings, seed: number, step: number): Minibatch[] {
  const { rollouts, epochs, minibatchSize, microbatchSize } = settings;
  for (const [name, value] of Object.entries({ rollouts, epochs, minibatchSize, microbatchSize })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new AlgorithmInputError(`${name} is ${value}: needs a positive integer`);
    }
  }
  if (rollouts % minibatchSize !== 0) {
    throw new AlgorithmInputError(
      `${rollouts} rollouts do not divide into minibatches of ${minibatchSize}: choose a divisor`,
    );
  }
  if (epochs >= EPOCH_LIMIT) throw new AlgorithmInputError(`epochs is ${epochs}: at most ${EPOCH_LIMIT - 1}`);
  const minibatches: Minibatch[] = [];
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = permutation(rollouts, seed, streamOf('ppo-minibatches', step * EPOCH_LIMIT + epoch));
    for (let start = 0; start < rollouts; start += minibatchSize) {
      const rows = Array.from(order.subarray(start, start + minibatchSize));
      const microbatches: number[][] = [];
      for (let first = 0; first < rows.length; first += microbatchSize) {
        microbatches.push(rows.slice(first, first + microbatchSize));
      }
      minibatches.push({ epoch, microbatches });
    }
  }
  return minibatches;
}
