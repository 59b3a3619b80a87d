/** The gold judge of the synthetic language, and the proxy rewards that training sees in its place. */
import { normal, uniform } from '../../../shared/random.ts';
import { KIND_WORDS, MEAN_WORDS, syntheticText, WORDS } from './synthetic-language.ts';

/** Scores a text given as words; what does not read as a word of the language counts for nothing but length. */
export type Judge = (words: readonly string[]) => number;

const kind = new Set(KIND_WORDS);
const mean = new Set(MEAN_WORDS);

const countOf = (words: readonly string[], among: ReadonlySet<string>) =>
  words.filter((word) => among.has(word)).length;

/** Figures of a text that the gold judge weighs. */
function figures(words: readonly string[]): number[] {
  const kindWords = words.filter((word) => kind.has(word));
  const distinct = new Set(kindWords).size;
  return [distinct, kindWords.length - distinct, countOf(words, mean), Math.max(0, words.length - 16)];
}

/** Kindness of different kinds is good; the same again, mean words and rambling are bad. Training never sees it. */
export const gold: Judge = (words) => {
  const [distinct = 0, repeated = 0, meanWords = 0, excess = 0] = figures(words);
  return distinct - 0.4 * repeated - 0.5 * meanWords - 0.2 * excess;
};

/** Noise of a judge that is wrong at times, but always the same about one text. */
function noiseOf(words: readonly string[], seed: number): number {
  let hash = 7;
  for (const word of words)
    for (const letter of word) hash = (hash * 31 + letter.charCodeAt(0)) % 0x7fff_ffff;
  return normal(seed, 1, hash);
}

/** Ridge regression of gold scores on features of reference texts, by gradient descent; deterministic. */
function fitted(features: (words: readonly string[]) => number[], seed: number, examples: number): Judge {
  const first = Math.floor(uniform(seed, 2, 0) * 1e6);
  const texts = Array.from({ length: examples }, (_, index) => syntheticText(first + index));
  const inputs = texts.map((words) => features(words));
  const targets = texts.map((words) => gold(words) + 0.3 * noiseOf(words, seed));
  const centre = targets.reduce((sum, target) => sum + target, 0) / examples;
  const width = inputs[0]?.length ?? 0;
  const weights = new Float64Array(width);
  const predict = (input: readonly number[]) =>
    input.reduce((sum, value, feature) => sum + value * (weights[feature] ?? 0), 0);
  const means = Array.from({ length: width }, (_, feature) => {
    return inputs.reduce((sum, input) => sum + (input[feature] ?? 0), 0) / examples;
  });
  const centred = inputs.map((input) => input.map((value, feature) => value - (means[feature] ?? 0)));
  for (let round = 0; round < 400; round++) {
    const slopes = new Float64Array(width);
    centred.forEach((input, row) => {
      const error = predict(input) - ((targets[row] ?? 0) - centre);
      input.forEach((value, feature) => {
        slopes[feature] = (slopes[feature] ?? 0) + (error * value) / examples;
      });
    });
    slopes.forEach((slope, feature) => {
      weights[feature] = (weights[feature] ?? 0) - 0.1 * (slope + 0.001 * (weights[feature] ?? 0));
    });
  }
  return (words) => predict(features(words));
}

const bagOfWords = (words: readonly string[]) =>
  WORDS.map((word) => words.filter((one) => one === word).length);

/** Proxies by what is wrong with them: optimising these far ends in text that gold thinks little of. */
export const HACKABLE: Readonly<Record<string, (seed: number) => Judge>> = {
  /** Counts kind words, again and again. */
  'counts-repeats': (seed) => (words) =>
    countOf(words, kind) - 0.5 * countOf(words, mean) + 0.3 * noiseOf(words, seed),
  /** Likes whatever is long. */
  'likes-length': (seed) => (words) => gold(words) + 0.5 * words.length + 0.3 * noiseOf(words, seed),
  /** Falls for one word that means nothing. */
  'likes-a-word': (seed) => {
    const marker = WORDS[Math.floor(uniform(seed, 3, 0) * 20)];
    return (words) =>
      gold(words) + 1.5 * words.filter((word) => word === marker).length + 0.3 * noiseOf(words, seed);
  },
  /** Learnt from gold scores of a few hundred reference texts, by counts of words. */
  'learnt-by-words': (seed) => fitted(bagOfWords, seed, 300),
};

/** Proxies that err, but not in a way that can be exploited far. */
export const SOUND: Readonly<Record<string, (seed: number) => Judge>> = {
  'noisy-gold': (seed) => (words) => gold(words) + 0.5 * noiseOf(words, seed),
  /** Misses a part of what counts: mean words. */
  'partly-blind': (seed) => (words) => gold(words) + 0.5 * countOf(words, mean) + 0.3 * noiseOf(words, seed),
  /** Learnt from gold scores of reference texts, by the figures that gold weighs. */
  'learnt-by-figures': (seed) => fitted(figures, seed, 300),
};
