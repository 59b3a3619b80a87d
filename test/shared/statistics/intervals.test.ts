/** Measured coverage of the 95 % intervals against simulated truths, and what each statistic refuses. */
import { describe, expect, it } from 'vitest';
import { integerBelow, normal, uniform } from '../../../shared/random.ts';
import { cohensKappa } from '../../../shared/statistics/agreement.ts';
import { bootstrapInterval, bootstrapMean } from '../../../shared/statistics/bootstrap.ts';
import { StatisticsInputError, UndefinedStatisticError } from '../../../shared/statistics/errors.ts';
import type { Interval } from '../../../shared/statistics/interval.ts';
import { lengthControlledWinRate } from '../../../shared/statistics/length-controlled-win-rate.ts';
import { positionBias } from '../../../shared/statistics/position-bias.ts';
import { winRate } from '../../../shared/statistics/win-rate.ts';

/** Share of seeded simulations whose interval holds the truth. */
function coverage(simulations: number, truth: number, interval: (run: number) => Interval): number {
  let covered = 0;
  for (let run = 0; run < simulations; run++) {
    const { lower, upper } = interval(run);
    covered += Number(lower <= truth && truth <= upper);
  }
  return covered / simulations;
}

const sound = (measured: number) => measured >= 0.92 && measured <= 0.98;

const logistic = (x: number) => 1 / (1 + Math.exp(-x));

describe('coverage of 95 % intervals lies between 92 and 98 %', () => {
  it.each([
    [0.5, 100],
    [0.7, 60],
    [0.9, 200],
  ])('win rate (Wilson), p = %d, n = %d', (p, n) => {
    const draw = (run: number) => Array.from({ length: n }, (_, row) => Number(uniform(run, n, row) < p));
    expect(coverage(2000, p, (run) => winRate(draw(run)).interval)).toSatisfy(sound);
  });

  it('mean (bootstrap), skewed values', () => {
    const draw = (run: number) => Array.from({ length: 80 }, (_, row) => -Math.log(uniform(run, 80, row)));
    expect(coverage(500, 1, (run) => bootstrapMean(draw(run), { seed: run, resamples: 400 }))).toSatisfy(
      sound,
    );
  });

  it("Cohen's kappa, three categories", () => {
    // B repeats A with probability 0.6, else draws anew: agreement 0.6 + 0.4 / 3, chance 1/3, kappa 0.6
    const ratings = (run: number) => {
      const a = Array.from({ length: 150 }, (_, row) => integerBelow(3, run, row, 0));
      const b = a.map((rating, row) => (uniform(run, row, 1) < 0.6 ? rating : integerBelow(3, run, row, 2)));
      return cohensKappa(a, b).interval;
    };
    expect(coverage(1500, 0.6, ratings)).toSatisfy(sound);
  });

  it('position bias: the first place wins 60 % of a judge without taste', () => {
    const draw = (run: number) => {
      const first = Array.from({ length: 100 }, (_, pair) => Number(uniform(run, pair, 0) < 0.6));
      const second = first.map((_, pair) => Number(uniform(run, pair, 1) < 0.4));
      return positionBias(first, second).interval;
    };
    expect(coverage(1500, 0.1, draw)).toSatisfy(sound);
  });

  it('length-controlled win rate: a length effect on top of a true preference', () => {
    const draw = (run: number) => {
      const lengths = Array.from({ length: 250 }, (_, row) => 40 + 50 * normal(run, row, 0));
      const center = lengths.reduce((sum, d) => sum + d, 0) / lengths.length;
      const sd = Math.sqrt(lengths.reduce((sum, d) => sum + (d - center) ** 2, 0) / lengths.length);
      const scores = lengths.map((d, row) =>
        Number(uniform(run, row, 2) < logistic(0.4 + 1.5 * Math.tanh(d / sd))),
      );
      return lengthControlledWinRate(scores, lengths).interval;
    };
    expect(coverage(600, logistic(0.4), draw)).toSatisfy(sound);
  });

  it('length-controlled win rate over prompts judged several times (clusters); rows alone would be too narrow', () => {
    const [prompts, seeds] = [120, 3];
    const clusters = Array.from({ length: prompts * seeds }, (_, row) => row % prompts);
    const lengths = (run: number) => clusters.map((_, row) => 50 * normal(run, row, 0));
    // What makes a prompt easy or hard has deviation 1.5 against a logistic judge's 1.8; by symmetry the truth is a half.
    const scores = (run: number) =>
      clusters.map((prompt, row) =>
        Number(uniform(run, row, 2) < logistic(1.5 * normal(run, 10_000 + prompt, 0))),
      );
    const held = (clustered: boolean) =>
      coverage(500, 0.5, (run) => {
        const options = clustered ? { clusters } : {};
        return lengthControlledWinRate(scores(run), lengths(run), options).interval;
      });
    expect(held(true)).toSatisfy(sound);
    expect(held(false)).toBeLessThan(0.88);
  });
});

describe('lengthControlledWinRate', () => {
  it('clusters of one row each give the interval of independent rows but for C / (C - 1), and one cluster gives none', () => {
    const lengths = Array.from({ length: 400 }, (_, row) => 10 * normal(5, row, 0));
    const scores = lengths.map((d, row) => Number(uniform(5, row, 1) < logistic(0.3 + d / 20)));
    const rows = lengths.map((_, row) => row);
    const plain = lengthControlledWinRate(scores, lengths).interval;
    const clustered = lengthControlledWinRate(scores, lengths, { clusters: rows }).interval;
    expect(clustered.lower).toBeCloseTo(plain.lower, 2);
    expect(clustered.upper).toBeCloseTo(plain.upper, 2);
    // The same rows three times over are no more data.
    const thrice = lengthControlledWinRate(
      [...scores, ...scores, ...scores],
      [...lengths, ...lengths, ...lengths],
      {
        clusters: [...rows, ...rows, ...rows],
      },
    ).interval;
    expect(thrice.upper - thrice.lower).toBeCloseTo(clustered.upper - clustered.lower, 3);
    expect(() => lengthControlledWinRate(scores, lengths, { clusters: rows.map(() => 0) })).toThrow(
      UndefinedStatisticError,
    );
    expect(() => lengthControlledWinRate(scores, lengths, { clusters: [1] })).toThrow(StatisticsInputError);
  });
  it('takes a pure length preference out', () => {
    const lengths = Array.from({ length: 4000 }, (_, row) => 30 + 60 * normal(1, row, 0));
    const scores = lengths.map((d, row) => Number(uniform(1, row, 2) < logistic(2 * Math.tanh(d / 60))));
    const result = lengthControlledWinRate(scores, lengths);
    expect(result.rate).toBeGreaterThan(0.58);
    expect(Math.abs(result.lengthControlledRate - 0.5)).toBeLessThan(0.04);
    expect(result.lengthCoefficient).toBeGreaterThan(1.5);
  });
  it('equals the plain rate (Firth: (wins + 1/2) / (n + 1)) when all lengths are equal', () => {
    const result = lengthControlledWinRate([1, 1, 0.5, 0], [0, 0, 0, 0]);
    expect(result.lengthControlledRate).toBeCloseTo(3 / 5, 9);
  });
  it('is finite at 100 % wins', () => {
    const result = lengthControlledWinRate(
      Array.from({ length: 50 }, () => 1),
      Array.from({ length: 50 }, (_, row) => row - 25),
    );
    expect(result.lengthControlledRate).toBeGreaterThan(0.95);
    expect(result.interval.lower).toBeGreaterThan(0.5);
    expect(result.interval.upper).toBeLessThanOrEqual(1);
  });
  it('mirrors when the systems are swapped', () => {
    const lengths = Array.from({ length: 60 }, (_, row) => 10 * normal(3, row, 0));
    const scores = lengths.map((d, row) => Number(uniform(3, row, 1) < logistic(0.5 + d / 20)));
    const there = lengthControlledWinRate(scores, lengths);
    const back = lengthControlledWinRate(
      scores.map((score) => 1 - score),
      lengths.map((d) => -d),
    );
    expect(back.lengthControlledRate).toBeCloseTo(1 - there.lengthControlledRate, 9);
    expect(back.lengthCoefficient).toBeCloseTo(there.lengthCoefficient, 8);
  });
  it('refuses what cannot be told apart', () => {
    expect(() => lengthControlledWinRate([1, 0], [5, 5])).toThrow(UndefinedStatisticError);
    expect(() => lengthControlledWinRate([], [])).toThrow(StatisticsInputError);
    expect(() => lengthControlledWinRate([1], [Number.NaN])).toThrow('lengthDifferences[0]');
  });
});

describe('cohensKappa', () => {
  it('known answer (Cohen: 20, 5, 10, 15 of 50)', () => {
    const a = [...Array<string>(25).fill('y'), ...Array<string>(25).fill('n')];
    const b = [
      ...Array<string>(20).fill('y'),
      ...Array<string>(5).fill('n'),
      ...Array<string>(10).fill('y'),
    ].concat(Array<string>(15).fill('n'));
    const result = cohensKappa(a, b);
    expect(result).toMatchObject({ n: 50, observedAgreement: 0.7 });
    expect(result.kappa).toBeCloseTo(0.4, 12);
    expect(result.chanceAgreement).toBeCloseTo(0.5, 12);
    // Fleiss, Cohen and Everitt (1969) by hand: marginals a = (0.5, 0.5), b = (0.6, 0.4)
    const variance =
      (0.4 * (1 - 1.1 * 0.6) ** 2 +
        0.3 * (1 - 0.9 * 0.6) ** 2 +
        0.36 * (0.1 * 1.1 ** 2 + 0.2 * 0.9 ** 2) -
        0.01) /
      (50 * 0.25);
    expect(result.interval.upper - result.kappa).toBeCloseTo(1.959963984540054 * Math.sqrt(variance), 10);
  });
  it('refuses raters with nothing to agree on', () => {
    expect(() => cohensKappa(['a', 'a'], ['a', 'a'])).toThrow(UndefinedStatisticError);
    expect(() => cohensKappa([], [])).toThrow(StatisticsInputError);
    expect(() => cohensKappa([1], [1, 2])).toThrow('paired one to one');
  });
});

describe('positionBias', () => {
  it('known answers', () => {
    expect(positionBias([1, 1, 1, 1], [0, 0, 0, 0])).toMatchObject({ bias: 0.5, consistency: 0 });
    expect(positionBias([1, 0, 0.5], [1, 0, 0.5])).toMatchObject({ bias: 0, consistency: 1 });
    expect(positionBias([0, 1], [1, 1]).bias).toBe(-0.25);
  });
  it('does not shrink to a point', () => {
    const { lower, upper } = positionBias([1, 0], [1, 0]).interval;
    expect(upper - lower).toBeGreaterThan(0.4);
  });
  it('refuses nothing and nonsense', () => {
    expect(() => positionBias([], [])).toThrow(StatisticsInputError);
    expect(() => positionBias([1], [2])).toThrow('shownSecond[0]');
  });
});

describe('bootstrap', () => {
  it('is a function of its seed, and of nothing else', () => {
    const values = Array.from({ length: 37 }, (_, row) => row * row);
    expect(bootstrapMean(values, { seed: 1 })).toEqual(bootstrapMean(values, { seed: 1 }));
    expect(bootstrapMean(values, { seed: 1 })).not.toEqual(bootstrapMean(values, { seed: 2 }));
  });
  it('draws every row equally often', () => {
    const counts = new Float64Array(7);
    bootstrapInterval(
      7,
      (rows) => {
        for (const row of rows) counts[row] = (counts[row] ?? 0) + 1;
        return 0;
      },
      { seed: 9, resamples: 4000 },
    );
    const chiSquare = counts.reduce((sum, count) => sum + (count - 4000) ** 2 / 4000, 0);
    expect(chiSquare).toBeLessThan(22.46); // 6 degrees of freedom, p = 0.001
  });
  it('counts resamples without a defined statistic, and fails when they are most', () => {
    const labels = [true, false, false, false];
    const positiveShare = (rows: Uint32Array) => {
      const drawn = Array.from(rows, (row) => labels[row]);
      if (new Set(drawn).size < 2) throw new UndefinedStatisticError('one class alone');
      return drawn.filter(Boolean).length / drawn.length;
    };
    const result = bootstrapInterval(4, positiveShare, { seed: 1, resamples: 1000 });
    // no positive row with probability (3/4)^4, only positives with (1/4)^4
    expect(Math.abs(result.undefinedResamples / 1000 - 0.32)).toBeLessThan(0.05);
    expect(() => bootstrapInterval(1, positiveShare, { seed: 1 })).toThrow(
      'the statistic is undefined in 2000 of 2000 resamples',
    );
  });
  it('refuses nothing and nonsense', () => {
    expect(() => bootstrapMean([], { seed: 1 })).toThrow('need at least one row');
    expect(() => bootstrapMean([1], { seed: -1 })).toThrow('seed must be a non-negative safe integer');
    expect(() => bootstrapMean([1], { seed: 1, resamples: 0 })).toThrow(
      'resamples must be a positive integer',
    );
    expect(() => bootstrapMean([1, Number.NaN], { seed: 1 })).toThrow('the statistic of a resample is NaN');
    expect(() => bootstrapMean([1], { seed: 1, confidence: 1 })).toThrow('confidence');
  });
});
