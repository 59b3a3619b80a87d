/** Means over prompts: known answers, and measured coverage of the intervals where seeds share their prompts. */
import { describe, expect, it } from 'vitest';
import { normal } from '../../../shared/random.ts';
import { clusterDifference, clusterMean } from '../../../shared/report/cluster-mean.ts';

const PROMPTS = 50;
const SEEDS = 3;

/** Every prompt has an effect of its own, which all seeds share, and each response noise. */
function answers(run: number, system: number, mean: number, shared: number) {
  return Array.from({ length: PROMPTS * SEEDS }, (_, row) => {
    const prompt = row % PROMPTS;
    const effect = normal(run, shared, prompt);
    return { promptId: String(prompt), value: mean + effect + 0.5 * normal(run, 100 + system, row) };
  });
}

describe('clusterMean', () => {
  it('is the mean of the values, and its interval moves whole prompts', () => {
    const values = [1, 1, 1, 0].map((value, row) => ({ promptId: row < 3 ? 'a' : 'b', value }));
    const { value, interval } = clusterMean(values);
    expect(value).toBe(0.75);
    // Resamples of two prompts are a, a (1), a, b (0.75) and b, b (0): nothing else can be an end.
    expect([interval.lower, interval.upper]).toEqual([0, 1]);
    expect(clusterMean(values)).toEqual({ value, interval });
  });

  it('covers the truth in 89 to 99 % of simulations, where rows taken as independent would not', () => {
    const simulations = 120;
    let [covered, naive] = [0, 0];
    for (let run = 0; run < simulations; run++) {
      const values = answers(run, 1, 0.3, 7);
      const { interval } = clusterMean(values);
      covered += Number(interval.lower <= 0.3 && 0.3 <= interval.upper);
      const rows = clusterMean(values.map(({ value }, row) => ({ promptId: String(row), value })));
      naive += Number(rows.interval.lower <= 0.3 && 0.3 <= rows.interval.upper);
    }
    expect(covered / simulations).toBeGreaterThanOrEqual(0.89);
    expect(covered / simulations).toBeLessThanOrEqual(0.99);
    expect(naive / simulations).toBeLessThan(0.85);
  });
});

describe('clusterDifference', () => {
  it('is the difference of the means, and 0 without width for a system against itself', () => {
    const [a, b] = [answers(1, 1, 0.2, 3), answers(1, 2, 0, 3)];
    expect(clusterDifference(a, b).value).toBeCloseTo(clusterMean(a).value - clusterMean(b).value, 12);
    expect(clusterDifference(a, a)).toMatchObject({ value: 0, interval: { lower: 0, upper: 0 } });
  });

  it('covers the truth, and is narrower than either mean where both find the same prompts hard', () => {
    const simulations = 100;
    let covered = 0;
    for (let run = 0; run < simulations; run++) {
      const { interval } = clusterDifference(answers(run, 1, 0.2, 3), answers(run, 2, 0, 3));
      covered += Number(interval.lower <= 0.2 && 0.2 <= interval.upper);
    }
    expect(covered / simulations).toBeGreaterThanOrEqual(0.89);
    expect(covered / simulations).toBeLessThanOrEqual(0.99);
    const width = ({ interval }: { interval: { lower: number; upper: number } }) =>
      interval.upper - interval.lower;
    const [a, b] = [answers(9, 1, 0.2, 3), answers(9, 2, 0, 3)];
    expect(width(clusterDifference(a, b))).toBeLessThan(0.5 * width(clusterMean(a)));
  });
});
