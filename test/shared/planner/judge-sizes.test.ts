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
  tokens: Array.from({ length: 3000 }, (_, pair) => 30 + ((pair * 37) % 300)),
  rates: { sampled: 274, read: 1911, trained: 684, secondsPerTask: 8 },
};

it('counts the tokens of a mean pair, to train on and to read', () => {
  const rates = { sampled: 1, read: 1000, trained: 100, secondsPerTask: 3 };
  const tokens = Array.from({ length: 100 }, (_, pair) => (pair % 2 === 0 ? 250 : 90));
  // 85 pairs train, 15 are read; they have 170 tokens on average.
  expect(judgeSeconds(100, { tokens, rates })).toBeCloseTo(3 + 85 * 1.7 + 15 * 0.17, 6);
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
