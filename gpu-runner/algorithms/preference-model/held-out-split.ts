/** Which pairs the preference model is tested on: whole prompts, so that no prompt is seen on both sides. */
import { permutation } from '../../../shared/random.ts';
import { AlgorithmInputError } from '../algorithm-error.ts';
import { streamOf } from '../streams.ts';

export interface Split<Pair> {
  readonly train: Pair[];
  readonly heldOut: Pair[];
}

/**
 * Draws whole prompts into the held-out part until it has `heldOutPairs` pairs or more, or a fifth of all where that
 * would be more than half: a small set is held out in proportion. A function of (pairs, heldOutPairs, seed). Both parts
 * keep the order of the input.
 *
 * @throws AlgorithmInputError if fewer than two prompts are given or nothing would be left to train on
 */
export function heldOutSplit<Pair extends { readonly prompt: string }>(
  pairs: readonly Pair[],
  heldOutPairs: number,
  seed: number,
): Split<Pair> {
  const sizes = new Map<string, number>();
  for (const { prompt } of pairs) sizes.set(prompt, (sizes.get(prompt) ?? 0) + 1);
  const prompts = [...sizes.keys()];
  const chosen = new Set<string>();
  const wanted = heldOutPairs > pairs.length / 2 ? Math.ceil(pairs.length / 5) : heldOutPairs;
  let count = 0;
  for (const index of permutation(prompts.length, seed, streamOf('held-out-split', 0))) {
    if (count >= wanted) break;
    const prompt = prompts[index] ?? '';
    chosen.add(prompt);
    count += sizes.get(prompt) ?? 0;
  }
  const split = {
    train: pairs.filter(({ prompt }) => !chosen.has(prompt)),
    heldOut: pairs.filter(({ prompt }) => chosen.has(prompt)),
  };
  if (split.train.length === 0 || split.heldOut.length === 0) {
    throw new AlgorithmInputError(
      `${pairs.length} pairs over ${prompts.length} prompts leave ${split.train.length} to train on when ` +
        `${wanted} are held out: give more pairs or hold out fewer`,
    );
  }
  return split;
}
