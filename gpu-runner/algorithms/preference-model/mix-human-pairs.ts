/** Mixing pairs that people labelled into simulated ones, at an equal number of pairs. */
import { permutation } from '../../../shared/random.ts';
import { AlgorithmInputError } from '../algorithm-error.ts';
import { streamOf } from '../streams.ts';
import type { PreferencePairLine } from './preference-examples.ts';

/** A row of a split with what people preferred and rejected. */
export interface HumanRow {
  readonly id: string;
  readonly prompt: string;
  readonly chosen: string;
  readonly rejected: string;
}

const SOURCE = 'human';

/**
 * Lets round(share x pairs) of the simulated pairs, drawn by the seed, give way to as many human pairs, drawn by the
 * seed, too. Without simulated pairs all human ones are taken. A human pair's label is hard, and its provenance says
 * `source: human`.
 *
 * @param share in 0..1
 * @throws AlgorithmInputError if there are fewer human pairs than the share asks for, or no pair at all
 */
export function mixHumanPairs(
  simulated: readonly PreferencePairLine[],
  human: readonly HumanRow[],
  share: number,
  seed: number,
): PreferencePairLine[] {
  const wanted = simulated.length === 0 ? human.length : Math.round(share * simulated.length);
  if (wanted > human.length || simulated.length + human.length === 0) {
    throw new AlgorithmInputError(
      `a human share of ${share} needs ${Math.max(1, wanted)} pairs that people labelled, the train split of the prompt ` +
        `set has ${human.length}: upload rows of {chosen, rejected} dialogues, or ask for a smaller humanShare`,
    );
  }
  const drawn = permutation(human.length, seed, streamOf('human-pairs', 0)).subarray(0, wanted);
  const leaving = new Set(
    permutation(simulated.length, seed, streamOf('human-pairs', 1)).subarray(0, simulated.length && wanted),
  );
  const taken = Array.from(drawn)
    .sort((a, b) => a - b)
    .flatMap((index) => human[index] ?? []);
  return [
    ...simulated.filter((_, index) => !leaving.has(index)),
    ...taken.map(({ id, prompt, chosen, rejected }) => ({
      promptId: id,
      prompt,
      chosen,
      rejected,
      labelProbability: 1,
      affixPair: null,
      provenance: { source: SOURCE },
    })),
  ];
}

/** How many of the pairs came from people. */
export function countHumanPairs(pairs: readonly PreferencePairLine[]): number {
  return pairs.filter(({ provenance }) => provenance?.['source'] === SOURCE).length;
}
