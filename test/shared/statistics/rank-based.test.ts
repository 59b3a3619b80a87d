/** Rank correlation and ranks: known answers, refusals. */
import { describe, expect, it } from 'vitest';
import { StatisticsInputError, UndefinedStatisticError } from '../../../shared/statistics/errors.ts';
import { spearman } from '../../../shared/statistics/rank-correlation.ts';
import { averageRanks } from '../../../shared/statistics/ranks.ts';

describe('averageRanks', () => {
  it('shares ranks among ties', () => {
    expect(averageRanks([10, 20, 10, 5, 20, 20])).toEqual([2.5, 5, 2.5, 1, 5, 5]);
    expect(averageRanks([])).toEqual([]);
  });
});

describe('rank correlation', () => {
  it('known answers (scipy.stats.spearmanr)', () => {
    expect(spearman([1, 2, 3, 4, 5], [5, 6, 7, 8, 7])).toBeCloseTo(0.8207826816681233, 12);
    expect(spearman([1, 2, 3], [10, 100, 1000])).toBeCloseTo(1, 14);
  });
  it('a side without variation has none', () => {
    expect(() => spearman([1, 1], [1, 2])).toThrow('every value of a is the same');
    expect(() => spearman([1, 2], [3, 3])).toThrow(UndefinedStatisticError);
    expect(() => spearman([], [])).toThrow(StatisticsInputError);
    expect(() => spearman([1, Number.NaN], [1, 2])).toThrow(StatisticsInputError);
  });
});
