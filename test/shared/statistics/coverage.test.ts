/** Coverage where it can be had exactly, and where rows hang together: Wilson by enumeration, ties, one ranking of systems. */
import { describe, expect, it } from 'vitest';
import { normal, uniform } from '../../../shared/random.ts';
import { rankSystems } from '../../../shared/statistics/bradley-terry-bootstrap.ts';
import { bradleyTerry, type Comparison } from '../../../shared/statistics/bradley-terry.ts';
import { lengthControlledWinRate } from '../../../shared/statistics/length-controlled-win-rate.ts';
import { wilsonInterval } from '../../../shared/statistics/wilson-interval.ts';
import { winRate } from '../../../shared/statistics/win-rate.ts';

/** P(the interval holds p) for n trials, summed over every outcome: no simulation. */
function exactCoverage(n: number, share: number): number {
  // The interval mirrors, and (1 - p)^n does not vanish below a half.
  const p = Math.min(share, 1 - share);
  let probability = (1 - p) ** n;
  let covered = 0;
  for (let successes = 0; successes <= n; successes++) {
    const { lower, upper } = wilsonInterval(successes, n);
    if (lower <= p && p <= upper) covered += probability;
    probability *= ((n - successes) / (successes + 1)) * (p / (1 - p));
  }
  return covered;
}

describe("Wilson's interval, by enumeration of all outcomes", () => {
  it.each([10, 30, 100, 400])('holds 95 % on average over shares, n = %d', (n) => {
    const shares = Array.from({ length: 197 }, (_, index) => 0.01 + 0.005 * index);
    const coverages = shares.map((share) => exactCoverage(n, share));
    const mean = coverages.reduce((sum, value) => sum + value, 0) / coverages.length;
    expect(mean).toBeGreaterThan(0.945);
    expect(mean).toBeLessThan(0.962);
    // Known of Wilson's interval: it dips near 0 and 1 for few trials, and is close everywhere for many.
    expect(Math.min(...coverages)).toBeGreaterThan(0.82);
    const inner = coverages.filter((_, index) => (shares[index] ?? 0) > 0.2 && (shares[index] ?? 0) < 0.8);
    expect(Math.min(...inner)).toBeGreaterThan(n < 30 ? 0.89 : 0.92);
  });
});

/** 0.5 with probability `ties`, else 1 with probability p. */
const drawn = (run: number, row: number, p: number, ties: number) =>
  uniform(run, row, 0) < ties ? 0.5 : Number(uniform(run, row, 1) < p);

describe('ties as halves', () => {
  it('make the win rate cautious: it holds the truth more often than it says', () => {
    const [simulations, n, p, ties] = [1500, 80, 0.65, 0.4];
    const truth = ties / 2 + (1 - ties) * p;
    let covered = 0;
    for (let run = 0; run < simulations; run++) {
      const { interval } = winRate(Array.from({ length: n }, (_, row) => drawn(run, row, p, ties)));
      covered += Number(interval.lower <= truth && truth <= interval.upper);
    }
    expect(covered / simulations).toBeGreaterThan(0.97);
  });

  it('and so they make the rate at equal length', () => {
    const [simulations, n, p, ties] = [300, 150, 0.6, 0.3];
    const truth = ties / 2 + (1 - ties) * p;
    let covered = 0;
    for (let run = 0; run < simulations; run++) {
      const rows = Array.from({ length: n }, (_, row) => row);
      const { interval } = lengthControlledWinRate(
        rows.map((row) => drawn(run, row, p, ties)),
        rows.map((row) => 20 * normal(run, 1000 + row, 0)),
      );
      covered += Number(interval.lower <= truth && truth <= interval.upper);
    }
    expect(covered / simulations).toBeGreaterThan(0.95);
  });
});

describe('Bradley-Terry where every pair of systems answers the same prompts', () => {
  const MEANS = [0.5, 0.1, -0.3];

  /** All three pairs of each prompt, by scores that hang together: each system's response is scored once. */
  function judged(prompts: number, seed: number): { comparisons: Comparison[]; clusters: number[] } {
    const comparisons: Comparison[] = [];
    const clusters: number[] = [];
    for (let prompt = 0; prompt < prompts; prompt++) {
      const scores = MEANS.map((mean, system) => mean + normal(seed, system, prompt));
      for (let first = 0; first < MEANS.length; first++) {
        for (let second = first + 1; second < MEANS.length; second++) {
          const score = Number((scores[first] ?? 0) > (scores[second] ?? 0));
          comparisons.push({ first: `s${first}`, second: `s${second}`, score });
          clusters.push(prompt);
        }
      }
    }
    return { comparisons, clusters };
  }

  it('holds the strengths in 89 to 99 % of simulations when prompts are resampled whole', () => {
    const truth = bradleyTerry(judged(20_000, 1).comparisons);
    const simulations = 50;
    let covered = 0;
    for (let run = 0; run < simulations; run++) {
      const { comparisons, clusters } = judged(100, 100 + run);
      const { systems } = rankSystems(comparisons, clusters, { seed: run, resamples: 160 });
      for (const { system, interval } of systems) {
        const strength = truth.get(system) ?? Number.NaN;
        covered += Number(interval.lower <= strength && strength <= interval.upper);
      }
    }
    const coverage = covered / (simulations * MEANS.length);
    expect(coverage).toBeGreaterThanOrEqual(0.89);
    expect(coverage).toBeLessThanOrEqual(0.99);
  });
});
