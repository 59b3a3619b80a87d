/** Bradley-Terry: closed form for two systems, stationarity by finite differences, recovery, refusals. */
import { describe, expect, it } from 'vitest';
import { integerBelow, uniform } from '../../../shared/random.ts';
import { bradleyTerry } from '../../../shared/statistics/bradley-terry.ts';
import type { Comparison } from '../../../shared/statistics/bradley-terry.ts';
import { rankSystems } from '../../../shared/statistics/bradley-terry-bootstrap.ts';
import { StatisticsInputError, UndefinedStatisticError } from '../../../shared/statistics/errors.ts';

const truth = [
  ['base', -0.8],
  ['distillation', -0.2],
  ['rlaif', 0.1],
  ['rlcd', 0.9],
] as const;

/** One comparison per prompt between two random systems, drawn from the model. */
function simulate(count: number, seed: number): Comparison[] {
  return Array.from({ length: count }, (_, row) => {
    const i = integerBelow(4, seed, row, 0);
    const j = (i + 1 + integerBelow(3, seed, row, 1)) % 4;
    const [first, a] = truth[i] ?? ['', 0];
    const [second, b] = truth[j] ?? ['', 0];
    return { first, second, score: uniform(seed, row, 2) < 1 / (1 + Math.exp(b - a)) ? 1 : 0 };
  });
}

describe('bradleyTerry', () => {
  it('two systems: the log-odds of the win rate, ties as halves', () => {
    const comparisons = [1, 1, 1, 0, 0.5].map((score) => ({ first: 'a', second: 'b', score }));
    const strengths = bradleyTerry(comparisons);
    expect((strengths.get('a') ?? 0) - (strengths.get('b') ?? 0)).toBeCloseTo(Math.log(3.5 / 1.5), 12);
    expect((strengths.get('a') ?? 0) + (strengths.get('b') ?? 0)).toBeCloseTo(0, 12);
  });

  it('expected wins equal won games for every system (the likelihood equations)', () => {
    const comparisons = simulate(300, 11);
    const strengths = bradleyTerry(comparisons);
    for (const [system] of truth) {
      let gap = 0;
      for (const { first, second, score } of comparisons) {
        const p = 1 / (1 + Math.exp((strengths.get(second) ?? 0) - (strengths.get(first) ?? 0)));
        if (first === system) gap += score - p;
        if (second === system) gap -= score - p;
      }
      expect(Math.abs(gap)).toBeLessThan(1e-9);
    }
  });

  it('recovers strengths from 20,000 comparisons', () => {
    const strengths = bradleyTerry(simulate(20_000, 12));
    for (const [system, strength] of truth) {
      expect(Math.abs((strengths.get(system) ?? 0) - strength)).toBeLessThan(0.06);
    }
  });

  it('does not depend on the order of rows or sides', () => {
    const comparisons = simulate(200, 13);
    const mirrored = comparisons
      .map(({ first, second, score }) => ({ first: second, second: first, score: 1 - score }))
      .reverse();
    const [there, back] = [bradleyTerry(comparisons), bradleyTerry(mirrored)];
    for (const [system, strength] of there) expect(back.get(system)).toBeCloseTo(strength, 10);
  });

  it('converges where one system wins all but one of very many', () => {
    const games = 200_000;
    const rows = Array.from({ length: games }, (_, row) => ({
      first: 'strong',
      second: 'weak',
      score: Number(row > 0),
    }));
    const strengths = bradleyTerry(rows);
    const gap = (strengths.get('strong') ?? 0) - (strengths.get('weak') ?? 0);
    expect(gap).toBeCloseTo(Math.log(games - 1), 6);
  });
  it('names the cure when a strength is infinite, and tiesAdded is one', () => {
    const comparisons = Array.from({ length: 10 }, () => ({ first: 'a', second: 'b', score: 1 }));
    expect(() => bradleyTerry(comparisons)).toThrow(/no finite strengths.*judge more pairs or set tiesAdded/);
    const strengths = bradleyTerry(comparisons, { tiesAdded: 1 });
    expect((strengths.get('a') ?? 0) - (strengths.get('b') ?? 0)).toBeCloseTo(Math.log(10.5 / 0.5), 10);
  });

  it('refuses nonsense', () => {
    expect(() => bradleyTerry([])).toThrow(StatisticsInputError);
    expect(() => bradleyTerry([{ first: 'a', second: 'a', score: 1 }])).toThrow('compared with itself');
    expect(() => bradleyTerry([{ first: 'a', second: 'b', score: Number.NaN }])).toThrow(
      StatisticsInputError,
    );
    expect(() => bradleyTerry([{ first: 'a', second: 'b', score: 1 }], { tiesAdded: -1 })).toThrow(
      'tiesAdded',
    );
    const islands = [
      { first: 'a', second: 'b', score: 0.5 },
      { first: 'c', second: 'd', score: 0.5 },
    ];
    expect(() => bradleyTerry(islands)).toThrow(UndefinedStatisticError);
  });
});

describe('rankSystems', () => {
  it('ranks, with intervals that hold the truth in 92 to 98 % of simulations', () => {
    let covered = 0;
    const simulations = 150;
    for (let run = 0; run < simulations; run++) {
      const comparisons = simulate(200, 1000 + run);
      const { systems } = rankSystems(comparisons, [...comparisons.keys()], { seed: run, resamples: 200 });
      for (const { system, interval } of systems) {
        const strength = truth.find(([name]) => name === system)?.[1] ?? Number.NaN;
        covered += Number(interval.lower <= strength && strength <= interval.upper);
      }
    }
    const coverage = covered / (4 * simulations);
    expect(coverage).toBeGreaterThanOrEqual(0.92);
    expect(coverage).toBeLessThanOrEqual(0.98);
  });

  it('is a function of its seed, orders by strength and counts undefined resamples', () => {
    const comparisons = simulate(60, 5);
    const clusters = [...comparisons.keys()];
    const ranking = rankSystems(comparisons, clusters, { seed: 3, resamples: 300 });
    expect(rankSystems(comparisons, clusters, { seed: 3, resamples: 300 })).toEqual(ranking);
    expect(rankSystems(comparisons, clusters, { seed: 4, resamples: 300 })).not.toEqual(ranking);
    const strengths = ranking.systems.map((system) => system.strength);
    expect(strengths).toEqual([...strengths].sort((a, b) => b - a));
    const [few] = [
      rankSystems(comparisons.slice(0, 14), clusters.slice(0, 14), {
        seed: 1,
        resamples: 50,
        tiesAdded: 0.5,
      }),
    ];
    expect(few.resamples).toBe(50);
    expect(ranking.undefinedResamples).toBeLessThan(30);
  });

  it('refuses clusters that do not match', () => {
    expect(() => rankSystems(simulate(5, 1), [1], { seed: 1 })).toThrow('give each comparison its prompt');
  });
});
