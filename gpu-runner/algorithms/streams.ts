/** Streams of the counter-based generator: every use of randomness in a run draws from a stream of its own. */
import { AlgorithmInputError } from './algorithm-error.ts';

/** Who draws. The numbers are part of what makes a run repeatable: append, never renumber. */
const PURPOSES = {
  'simulate-chosen': 1,
  'simulate-rejected': 2,
  'held-out-split': 3,
  'pair-order': 4,
  'preference-batches': 5,
  'prompt-batches': 6,
  rollout: 7,
  'ppo-minibatches': 8,
  'sample-prompts': 9,
  selection: 10,
  generation: 11,
  'reference-samples': 12,
  'adapter-start': 13,
  'label-order': 14,
  'label-instruction': 15,
  'best-of-n': 16,
  'human-pairs': 17,
  'judge-order': 18,
  'contrast-positive': 19,
  'contrast-negative': 20,
  'affix-proposals': 21,
  'flipped-labels': 22,
  frontier: 24,
  trajectory: 25,
  'exam-pairs': 26,
  'exam-order': 27,
  'exam-halves': 28,
  'scorer-samples': 30,
  'scorer-held-out': 31,
  'scorer-start': 32,
  'scorer-order': 33,
  'scorer-dropout': 34,
  'scorer-affixes': 35,
  'classifier-held-out': 36,
  'classifier-folds': 37,
} as const;

export type StreamPurpose = keyof typeof PURPOSES;

const INDEX_LIMIT = 2 ** 40;

/**
 * The stream number of (purpose, index): distinct for distinct pairs.
 *
 * @param index row, step or epoch within the purpose, an integer in 0..2^40-1
 * @throws AlgorithmInputError if the index is out of range
 */
export function streamOf(purpose: StreamPurpose, index: number): number {
  if (!Number.isSafeInteger(index) || index < 0 || index >= INDEX_LIMIT) {
    throw new AlgorithmInputError(`stream index of ${purpose} is ${index}: needs an integer in 0..2^40-1`);
  }
  return PURPOSES[purpose] * INDEX_LIMIT + index;
}

/** The index of a stream that {@link streamOf} gave. */
export const indexOfStream = (stream: number): number => stream % INDEX_LIMIT;
