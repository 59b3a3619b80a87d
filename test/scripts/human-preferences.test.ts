/** The baselines of the human-preferences bench: what a bag of words can and cannot learn, and which rows are pairs. */
import { describe, expect, it } from 'vitest';
import { integerBelow } from '../../shared/random.ts';
import { trainBagOfWords } from '../bench/human-preferences/bag-of-words.ts';
import { HH_FIELDS, humanPairs, type HumanPair } from '../bench/human-preferences/human-pairs.ts';

const FILLER = ['tree', 'dog', 'house', 'walk', 'blue', 'seven'];
const filler = (seed: number, row: number) =>
  [0, 1, 2, 3].map((place) => FILLER[integerBelow(FILLER.length, seed, row, place)]).join(' ');

/** The preferred response says "thanks"; everything else is chance. */
function politePairs(count: number, seed: number): HumanPair[] {
  return Array.from({ length: count }, (_, row) => ({
    prompt: 'p',
    chosen: `thanks ${filler(seed, 2 * row)}`,
    rejected: `no ${filler(seed, 2 * row + 1)}`,
  }));
}

describe('trainBagOfWords', () => {
  it('learns the word that decides, on pairs that it has not seen', () => {
    const margin = trainBagOfWords(politePairs(200, 1));
    expect(politePairs(100, 2).filter((pair) => margin(pair) > 0)).toHaveLength(100);
    const [pair] = politePairs(1, 3);
    if (pair === undefined) throw new Error('no pair');
    expect(margin({ ...pair, chosen: pair.rejected, rejected: pair.chosen })).toBeCloseTo(-margin(pair), 12);
  });
  it('knows nothing of rare words and of order', () => {
    const margin = trainBagOfWords(politePairs(200, 1));
    expect(margin({ prompt: 'p', chosen: 'unseen', rejected: 'other' })).toBe(0);
    expect(margin({ prompt: 'p', chosen: 'dog tree', rejected: 'tree dog' })).toBe(0);
  });
});

describe('humanPairs', () => {
  it('keeps rows that share their prompt and differ in the response', () => {
    const dialogue = (question: string, answer: string) => `\n\nHuman: ${question}\n\nAssistant: ${answer}`;
    const rows = [
      { chosen: dialogue('a', 'yes'), rejected: dialogue('a', 'no') },
      { chosen: dialogue('a', 'same'), rejected: dialogue('a', 'same') },
      { chosen: dialogue('a', 'yes'), rejected: dialogue('b', 'no') },
    ];
    const text = rows.map((row) => JSON.stringify(row)).join('\n');
    expect(humanPairs(text, HH_FIELDS)).toEqual([
      { prompt: 'Human: a\n\nAssistant:', chosen: 'yes', rejected: 'no' },
    ]);
    expect(() => humanPairs('{"chosen": "x"}', HH_FIELDS)).toThrow('line 1');
  });
});
