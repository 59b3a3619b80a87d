/** AUC, rank correlations, ranks: known answers, brute force, refusals. */
import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { areaUnderCurve } from '../../../shared/statistics/area-under-curve.ts';
import { StatisticsInputError, UndefinedStatisticError } from '../../../shared/statistics/errors.ts';
import { kendall, spearman } from '../../../shared/statistics/rank-correlation.ts';
import { averageRanks } from '../../../shared/statistics/ranks.ts';

describe('averageRanks', () => {
  it('shares ranks among ties', () => {
    expect(averageRanks([10, 20, 10, 5, 20, 20])).toEqual([2.5, 5, 2.5, 1, 5, 5]);
    expect(averageRanks([])).toEqual([]);
  });
});

describe('areaUnderCurve', () => {
  it('equals counting pairs', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 6 }), fc.boolean()), { maxLength: 30 }),
        (rows) => {
          const positives = rows.filter(([, label]) => label).map(([score]) => score);
          const negatives = rows.filter(([, label]) => !label).map(([score]) => score);
          fc.pre(positives.length > 0 && negatives.length > 0);
          let wins = 0;
          for (const p of positives) for (const q of negatives) wins += p > q ? 1 : Number(p === q) / 2;
          const result = areaUnderCurve(
            rows.map(([score]) => score),
            rows.map(([, label]) => label),
          );
          expect(result.area).toBeCloseTo(wins / positives.length / negatives.length, 12);
        },
      ),
    );
  });
  it('known answer: sklearn example 0.75, and DeLong by hand', () => {
    const result = areaUnderCurve([0.1, 0.4, 0.35, 0.8], [false, false, true, true]);
    expect(result.area).toBe(0.75);
    // placements: positives 1/2, 1; negatives 1, 1/2; variance of the mean 1/16 each
    expect(result.interval.lower).toBeCloseTo(0.75 - 1.959963984540054 * Math.sqrt(1 / 8), 12);
    expect(result.interval.upper).toBe(1);
  });
  it('one class has no AUC', () => {
    expect(() => areaUnderCurve([1, 2], [true, true])).toThrow(UndefinedStatisticError);
    expect(() => areaUnderCurve([], [])).toThrow(StatisticsInputError);
    expect(() => areaUnderCurve([1], [true, false])).toThrow('paired one to one');
  });
});

describe('rank correlations', () => {
  it('known answers (scipy.stats.spearmanr, kendalltau)', () => {
    expect(spearman([1, 2, 3, 4, 5], [5, 6, 7, 8, 7])).toBeCloseTo(0.8207826816681233, 12);
    expect(kendall([12, 2, 1, 12, 2], [1, 4, 7, 1, 0])).toBeCloseTo(-0.4714045207910316, 12);
    expect(spearman([1, 2, 3], [10, 100, 1000])).toBeCloseTo(1, 14);
    expect(kendall([1, 2, 3], [3, 2, 1])).toBe(-1);
  });
  it('a side without variation has none', () => {
    expect(() => spearman([1, 1], [1, 2])).toThrow('every value of a is the same');
    expect(() => kendall([1, 2], [3, 3])).toThrow(UndefinedStatisticError);
    expect(() => spearman([], [])).toThrow(StatisticsInputError);
    expect(() => kendall([1, Number.NaN], [1, 2])).toThrow(StatisticsInputError);
  });
});
