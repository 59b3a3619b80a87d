/** A prompt of a split, and the rows of it that one shard takes. */
import { AlgorithmInputError } from './algorithm-error.ts';

export interface Prompt {
  readonly id: string;
  readonly text: string;
}

/** A prompt with its place in the whole split, on which its random numbers depend, whatever the shard. */
export interface PromptRow extends Prompt {
  readonly row: number;
}

/**
 * Rows of shard `index` of `count`: contiguous, so that shard outputs joined in order equal one shard's output.
 *
 * @throws AlgorithmInputError if the split is empty or the shard impossible
 */
export function shardRows(
  prompts: readonly Prompt[],
  shard: { readonly index: number; readonly count: number },
): PromptRow[] {
  const { index, count } = shard;
  if (prompts.length === 0)
    throw new AlgorithmInputError('the split has no prompt: choose a prompt set that has some');
  if (!Number.isInteger(count) || count < 1 || !Number.isInteger(index) || index < 0 || index >= count) {
    throw new AlgorithmInputError(`shard ${index} of ${count} does not exist`);
  }
  const start = Math.floor((index * prompts.length) / count);
  const end = Math.floor(((index + 1) * prompts.length) / count);
  return prompts.slice(start, end).map(({ id, text }, offset) => ({ id, text, row: start + offset }));
}
