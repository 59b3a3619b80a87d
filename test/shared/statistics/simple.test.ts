/** Summaries, the normal distribution, Wilson's interval, win rates, calibration: known answers and refusals. */
import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { accuracy } from '../../../shared/statistics/agreement.ts';
import { brierScore, calibration } from '../../../shared/statistics/calibration.ts';
import { StatisticsInputError, UndefinedStatisticError } from '../../../shared/statistics/errors.ts';
import { criticalValue, normalCdf, normalQuantile } from '../../../shared/statistics/normal-distribution.ts';
import { mean, quantile, standardDeviation, summarise } from '../../../shared/statistics/summary.ts';
import { wilsonInterval } from '../../../shared/statistics/wilson-interval.ts';
import { winRate } from '../../../shared/statistics/win-rate.ts';

describe('summary', () => {
  it('known answers', () => {
    const values = [2, 4, 4, 4, 5, 5, 7, 9];
    expect(mean(values)).toBe(5);
    expect(standardDeviation(values)).toBeCloseTo(Math.sqrt(32 / 7), 14);
    expect(quantile([1, 2, 3, 4], 0.25)).toBe(1.75); // numpy.quantile
    expect(quantile([3, 1, 2], 0.5)).toBe(2);
    expect(summarise([7])).toEqual({
      n: 1,
      mean: 7,
      standardDeviation: null,
      minimum: 7,
      median: 7,
      maximum: 7,
    });
  });
  it('the two-pass deviation survives a large offset', () => {
    expect(standardDeviation([1e9 + 1, 1e9 + 2, 1e9 + 3])).toBe(1);
  });
  it('refuses what has no answer', () => {
    expect(() => mean([])).toThrow(StatisticsInputError);
    expect(() => mean([1, Number.NaN])).toThrow('values[1] must be a number finite, got NaN');
    expect(() => mean([1, Infinity])).toThrow(StatisticsInputError);
    expect(() => standardDeviation([1])).toThrow(UndefinedStatisticError);
    expect(() => quantile([1], 1.5)).toThrow('probability must lie in 0..1');
  });
});

describe('normal distribution', () => {
  it.each([
    [0, 0.5],
    [1, 0.8413447460685429],
    [-1.959963984540054, 0.025],
    [2.999, 0.9986456634662729],
    [-3.5, 0.00023262907903552504],
    [-6, 9.865876450376981e-10],
    [-10, 7.619853024160527e-24],
  ])('cdf(%d)', (x, expected) => {
    expect(Math.abs(normalCdf(x) / expected - 1)).toBeLessThan(1e-11);
  });
  it('is continuous where the two formulas meet', () => {
    expect(normalCdf(3) - normalCdf(3 - 1e-9)).toBeCloseTo(0.00443184841193801e-9, 14);
    expect(normalCdf(-3) - normalCdf(-3 - 1e-9)).toBeCloseTo(0.00443184841193801e-9, 14);
  });
  it('the quantile is its inverse', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-12, max: 1 - 1e-12, noNaN: true }), (probability) => {
        expect(Math.abs(normalCdf(normalQuantile(probability)) - probability)).toBeLessThan(
          1e-12 * Math.max(probability, 1e-3),
        );
      }),
    );
    expect(criticalValue(0.95)).toBeCloseTo(1.959963984540054, 13);
    expect(() => normalQuantile(1)).toThrow(StatisticsInputError);
    expect(normalCdf(Number.NaN)).toBeNaN();
  });
});

describe('wilsonInterval', () => {
  it.each([
    // statsmodels.stats.proportion.proportion_confint(k, n, method='wilson')
    [8, 10, 0.4901624715, 0.9433178485],
    [50, 100, 0.4038315303, 0.5961684697],
    [0, 20, 0, 0.161125158],
    [20, 20, 0.838874842, 1],
  ])('%d of %d', (successes, n, lower, upper) => {
    const interval = wilsonInterval(successes, n);
    expect(interval.lower).toBeCloseTo(lower, 9);
    expect(interval.upper).toBeCloseTo(upper, 9);
  });
  it.each([
    [1, 0],
    [-1, 5],
    [6, 5],
    [Number.NaN, 5],
    [1, Number.NaN],
    [1, Infinity],
  ])('refuses %d of %d', (successes, n) => {
    expect(() => wilsonInterval(successes, n)).toThrow(StatisticsInputError);
  });
  it('refuses a confidence that is none', () => {
    expect(() => wilsonInterval(1, 2, 95)).toThrow('confidence must lie between 0 and 1');
  });
});

describe('winRate and accuracy', () => {
  it('counts ties as halves', () => {
    const result = winRate([1, 1, 0, 0.5, 0.25]);
    expect(result).toMatchObject({ n: 5, wins: 2, losses: 1, ties: 2, rate: 0.55 });
    expect(result.interval).toEqual(wilsonInterval(2.75, 5));
    expect(accuracy([1, 0, 1, 0.5])).toEqual({ n: 4, accuracy: 0.625, interval: wilsonInterval(2.5, 4) });
  });
  it('swapping the systems mirrors rate and interval', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 0.25, 0.5, 0.75, 1), { minLength: 1 }), (scores) => {
        const there = winRate(scores);
        const back = winRate(scores.map((score) => 1 - score));
        expect(back.rate).toBeCloseTo(1 - there.rate, 12);
        expect(back.interval.lower).toBeCloseTo(1 - there.interval.upper, 12);
      }),
    );
  });
  it('refuses nothing and nonsense', () => {
    expect(() => winRate([])).toThrow('scores is empty: give at least one value');
    expect(() => winRate([2])).toThrow('scores[0] must be a number in 0..1, got 2');
    expect(() => accuracy([Number.NaN])).toThrow(StatisticsInputError);
  });
});

describe('calibration', () => {
  it('known answers', () => {
    expect(brierScore([0.9, 0.2, 0.5], [1, 0, 1])).toBeCloseTo((0.01 + 0.04 + 0.25) / 3, 14);
    // bins 0.1-0.2: one row, |0 - 0.15|; 0.9-1: two rows, |0.5 - 0.975|
    const result = calibration([0.15, 0.95, 1], [0, 1, 0]);
    expect(result.expectedCalibrationError).toBeCloseTo(0.15 / 3 + (2 / 3) * 0.475, 14);
    expect(result.bins.map((bin) => bin.n)).toEqual([1, 2]);
    expect(calibration([0, 0, 1], [0, 0, 1]).expectedCalibrationError).toBe(0);
  });
  it('refuses what is no probability', () => {
    expect(() => brierScore([1.2], [1])).toThrow('probabilities[0] must be a number in 0..1');
    expect(() => brierScore([0.2], [1, 0])).toThrow('paired one to one');
    expect(() => calibration([], [])).toThrow(StatisticsInputError);
    expect(() => calibration([0.5], [1], 0)).toThrow('binCount must be a positive integer');
  });
});
