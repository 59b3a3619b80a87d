/** A baseline that reads words without order: logistic regression on the difference of the two responses' word counts. */
import { permutation } from '../../../shared/random.ts';
import { words } from '../../../shared/text/words.ts';
import type { HumanPair } from './human-pairs.ts';

interface BagOfWordsOptions {
  /** Words that occur in fewer training responses are left out. */
  readonly minimumOccurrences: number;
  readonly epochs: number;
  readonly learningRate: number;
  /** L2 penalty of a step. */
  readonly penalty: number;
  readonly seed: number;
}

const DEFAULTS: BagOfWordsOptions = {
  minimumOccurrences: 5,
  epochs: 10,
  learningRate: 0.1,
  penalty: 1e-4,
  seed: 1,
};

type Features = ReadonlyMap<string, number>;

/** log(1 + count) of every word of a text. */
function features(text: string): Features {
  const counts = new Map<string, number>();
  for (const word of words(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return new Map([...counts].map(([word, count]) => [word, Math.log1p(count)]));
}

/** features(chosen) - features(rejected), without words that cancel. */
function difference({ chosen, rejected }: HumanPair): Features {
  const result = new Map(features(chosen));
  for (const [word, value] of features(rejected)) result.set(word, (result.get(word) ?? 0) - value);
  return new Map([...result].filter(([, value]) => value !== 0));
}

/**
 * Trains by AdaGrad on -log sigmoid(w . (features(chosen) - features(rejected))).
 *
 * @returns the margin of a pair: above 0 where the model prefers `chosen`
 */
export function trainBagOfWords(
  pairs: readonly HumanPair[],
  options: Partial<BagOfWordsOptions> = {},
): (pair: HumanPair) => number {
  const { minimumOccurrences, epochs, learningRate, penalty, seed } = { ...DEFAULTS, ...options };
  const rows = pairs.map(difference);
  const occurrences = new Map<string, number>();
  for (const row of rows)
    for (const word of row.keys()) occurrences.set(word, (occurrences.get(word) ?? 0) + 1);
  const weights = new Map<string, number>();
  const squares = new Map<string, number>();
  const margin = (row: Features): number => {
    let sum = 0;
    for (const [word, value] of row) sum += (weights.get(word) ?? 0) * value;
    return sum;
  };
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const index of permutation(rows.length, seed, epoch)) {
      const row = rows[index];
      if (row === undefined) throw new RangeError(`no row ${index}`);
      const push = 1 / (1 + Math.exp(margin(row)));
      for (const [word, value] of row) {
        if ((occurrences.get(word) ?? 0) < minimumOccurrences) continue;
        const weight = weights.get(word) ?? 0;
        const gradient = penalty * weight - push * value;
        const square = (squares.get(word) ?? 0) + gradient ** 2;
        squares.set(word, square);
        weights.set(word, weight - (learningRate * gradient) / Math.sqrt(square));
      }
    }
  }
  return (pair) => margin(difference(pair));
}
