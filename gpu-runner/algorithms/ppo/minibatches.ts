/** The order in which a PPO step visits its rollouts: reshuffled every epoch, each once per epoch, beside those of the same prompt. */
import { permutation } from '../../../shared/random.ts';
import { AlgorithmInputError } from '../algorithm-error.ts';
import { streamOf } from '../streams.ts';

export interface MinibatchSettings {
  readonly rollouts: number;
  /** Neighbouring rollouts that answer one prompt. */
  readonly groupSize: number;
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

/** Rollouts of one prompt that stay neighbours: as many as fill both kinds of batches. */
export function siblingsOf({ groupSize, minibatchSize, microbatchSize }: MinibatchSettings): number {
  return greatestCommonDivisor(groupSize, greatestCommonDivisor(minibatchSize, microbatchSize));
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/**
 * Every minibatch of one PPO step, in order; a pure function of (settings, seed, step).
 *
 * @throws AlgorithmInputError if rollouts do not divide into minibatches, which would weigh rollouts unequally
 */
export function minibatchSchedule(settings: MinibatchSettings, seed: number, step: number): Minibatch[] {
  const { rollouts, groupSize, epochs, minibatchSize, microbatchSize } = settings;
  const counts = { rollouts, groupSize, epochs, minibatchSize, microbatchSize };
  for (const [name, value] of Object.entries(counts)) {
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
  const siblings = siblingsOf(settings);
  const minibatches: Minibatch[] = [];
  for (let epoch = 0; epoch < epochs; epoch++) {
    const stream = streamOf('ppo-minibatches', step * EPOCH_LIMIT + epoch);
    const order = Array.from(permutation(rollouts / siblings, seed, stream)).flatMap((first) =>
      Array.from({ length: siblings }, (_, offset) => first * siblings + offset),
    );
    for (let start = 0; start < rollouts; start += minibatchSize) {
      const rows = order.slice(start, start + minibatchSize);
      const microbatches: number[][] = [];
      for (let first = 0; first < rows.length; first += microbatchSize) {
        microbatches.push(rows.slice(first, first + microbatchSize));
      }
      minibatches.push({ epoch, microbatches });
    }
  }
  return minibatches;
}
