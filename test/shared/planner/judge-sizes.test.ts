/** The judge's part of a budget: as many pairs as fit its share, never more time than that, and settings the API takes. */
import { expect, it } from 'vitest';
import { hyperparameters } from '../../../shared/api/tasks/kinds.ts';
import {
  judgePairCount,
  judgeSeconds,
  judgeSettings,
  LEAST_JUDGE_PAIRS,
} from '../../../shared/planner/judge-sizes.ts';

const look = {
  lengths: Array.from({ length: 3000 }, (_, pair) => 20 + ((pair * 37) % 200)),
  rows: 32,
  rates: { sampled: 274, read: 1911, trained: 684, secondsPerTask: 8 },
};

it('counts what is padded: texts that go together are as long as the longest of them', () => {
  const rates = { sampled: 1, read: 1000, trained: 100, secondsPerTask: 3 };
  const seconds = (lengths: number[]) => judgeSeconds(100, { lengths, rows: 32, rates });
  const of = (one: number, others: number) =>
    Array.from({ length: 100 }, (_, pair) => (pair % 16 === 0 ? one : others));
  // One of a batch is longer by less than another run costs: all are as long; 85 pairs train, 15 are read.
  expect(seconds(of(90, 89))).toBeCloseTo(3 + 85 * 1.8 + 15 * 0.18, 6);
  // Long and short ones go apart: 7 of 90 tokens and 93 of 10 as they are.
  const ofPair = (2 * (7 * 90 + 93 * 10)) / 100;
  expect(seconds(of(90, 10))).toBeCloseTo(3 + (ofPair * 85) / 100 + (ofPair * 15) / 1000, 6);
});

it('takes all that help without a budget, and what fits a third of one', () => {
  expect(judgePairCount(150)).toBe(150);
  expect(judgePairCount(50_000)).toBe(2000);
  expect(judgePairCount(3000, look)).toBe(2000);
  let before = 0;
  for (const minutes of [1, 10, 20, 30, 40, 120]) {
    const pairs = judgePairCount(3000, look, 60 * minutes);
    expect(pairs).toBeGreaterThanOrEqual(before);
    expect(pairs === LEAST_JUDGE_PAIRS || judgeSeconds(pairs, look) <= 20 * minutes).toBe(true);
    before = pairs;
  }
  expect(judgePairCount(3000, look, 60)).toBe(LEAST_JUDGE_PAIRS);
  expect(before).toBe(2000);
});

it('holds out a share that is enough', () => {
  const heldOut = (pairs: number) =>
    hyperparameters.parse(judgeSettings(pairs))['train-preference-model']?.heldOutPairs;
  expect([100, 400, 2000].map(heldOut)).toEqual([15, 60, 300]);
});
