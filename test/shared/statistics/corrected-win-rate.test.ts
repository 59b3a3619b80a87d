/** The win rate that people would give: exact where the judge is, nothing where it tosses coins, and its coverage. */
import { describe, expect, it } from 'vitest';
import { uniform } from '../../../shared/random.ts';
import { correctedWinRate } from '../../../shared/statistics/corrected-win-rate.ts';
import { StatisticsInputError } from '../../../shared/statistics/errors.ts';

const share = (successes: number, n: number) => ({ successes, n });

describe('the corrected win rate', () => {
  it("is Rogan and Gladen's: a judge right in 80 % that gives 62 % was shown 70 %", () => {
    const { rate, interval } = correctedWinRate(share(620, 1000), share(800, 1000));
    expect(rate).toBeCloseTo(0.7, 12);
    expect(interval.lower).toBeLessThan(0.7);
    expect(interval.upper).toBeGreaterThan(0.7);
  });

  it('has the likelihood interval of the rate itself where nobody ever disagreed with the judge, a million times', () => {
    const { rate, interval } = correctedWinRate(share(60, 100), share(1e6, 1e6));
    // 60 ln(q) + 40 ln(1 - q) is 1.9207 below its highest at these two (bisection in another program, float64).
    expect(rate).toBeCloseTo(0.6, 5);
    expect(interval.lower).toBeCloseTo(0.502_348, 4);
    expect(interval.upper).toBeCloseTo(0.692_589, 4);
  });

  it('says nothing where the judge may toss coins, whatever it prefers', () => {
    for (const judged of [share(5, 100), share(50, 100)]) {
      const { interval } = correctedWinRate(judged, share(50, 100));
      expect(interval.upper - interval.lower).toBeGreaterThan(0.9);
    }
    expect(correctedWinRate(share(50, 100), share(20, 100)).rate).toBe(0.5);
  });

  it('mirrors when the systems change places, and stays within 0 to 1 when the judge is surer than it can be', () => {
    for (const [successes, agreed] of [
      [77, 157],
      [30, 200],
      [50.5, 140],
    ] as const) {
      const one = correctedWinRate(share(successes, 95), share(agreed, 224));
      const other = correctedWinRate(share(95 - successes, 95), share(agreed, 224));
      expect(one.rate + other.rate).toBeCloseTo(1, 12);
      expect(one.interval.lower + other.interval.upper).toBeCloseTo(1, 9);
      expect(one.interval.lower).toBeGreaterThanOrEqual(0);
      expect(one.interval.upper).toBeLessThanOrEqual(1);
    }
    expect(correctedWinRate(share(77, 95), share(157, 224)).rate).toBe(1);
  });

  it('says where a judge is surer than one that errs so often can be', () => {
    // 2 (ln L apart - ln L together) of 74 % of 69 by a judge right in 56 % of 72: 5.2, beyond 1.96 squared; the mirror too.
    expect(correctedWinRate(share(51, 69), share(40, 72)).isExplained).toBe(false);
    expect(correctedWinRate(share(18, 69), share(40, 72)).isExplained).toBe(false);
    expect(correctedWinRate(share(40, 69), share(40, 72)).isExplained).toBe(true);
    // Worse than a coin by more than chance: no judge of this kind.
    expect(correctedWinRate(share(50, 100), share(20, 100)).isExplained).toBe(false);
    expect(correctedWinRate(share(50, 100), share(45, 100)).isExplained).toBe(true);
  });

  it.each([
    [0.5, 0.7, 100, 200],
    [0.7, 0.7, 100, 200],
    [0.6, 0.8, 300, 300],
    [0.8, 0.65, 200, 200],
    [0.4, 0.6, 400, 100],
    [0.9, 0.9, 100, 100],
  ])('holds the truth in 93 to 97 of 100: rate %d, judge right in %d, n %d and %d', (q, a, n, m) => {
    const simulations = 1000;
    const p = q * a + (1 - q) * (1 - a);
    const drawn = (run: number, rows: number, probability: number, stream: number) => {
      const successes = Array.from({ length: rows }, (_, row) => uniform(run, row, stream) < probability);
      return share(successes.filter(Boolean).length, rows);
    };
    let covered = 0;
    let explained = 0;
    for (let run = 0; run < simulations; run++) {
      const { interval, isExplained } = correctedWinRate(drawn(run, n, p, 1), drawn(run, m, a, 2));
      covered += Number(interval.lower <= q && q <= interval.upper);
      explained += Number(isExplained);
    }
    expect(explained / simulations).toBeGreaterThan(0.95);
    expect(covered / simulations).toBeGreaterThanOrEqual(0.93);
    expect(covered / simulations).toBeLessThanOrEqual(0.97);
  });

  it.each([
    [share(1, 0), share(1, 2)],
    [share(3, 2), share(1, 2)],
    [share(1, 2), share(Number.NaN, 2)],
  ])('refuses shares that are none', (judged, agreed) => {
    expect(() => correctedWinRate(judged, agreed)).toThrow(StatisticsInputError);
  });
});
