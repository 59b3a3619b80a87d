/** The words for how a cell was chosen. */
import { describe, expect, it } from 'vitest';
import { choiceRule } from '../../../shared/report/choice-rule.ts';

const interval = { lower: 0, upper: 1, confidence: 0.95 };
const table = [0.95, 0.7].map((distinct2, index) => ({
  klCoefficient: 0.1,
  steps: index + 1,
  n: 9,
  meanReward: index,
  interval,
  meanLength: 5,
  kl: 1,
  distinct2,
}));

describe('choiceRule', () => {
  it.each([
    [null, 'the highest mean reward'],
    [0.9, "the highest mean reward of those that keep 0.9 of the base model's Dist-2"],
    [0.99, "none keeps 0.99 of the base model's Dist-2, this one keeps most"],
  ])('with %s kept says: %s', (minimumDistinct2, words) => {
    expect(choiceRule({ minimumDistinct2, table })).toBe(words);
  });
});
