/** The scale of a judge's scores, against a search on a grid; and a mean as independent trials, against counts by hand. */
import { describe, expect, it } from 'vitest';
import { normal, uniform } from '../../../shared/random.ts';
import { effectiveShare } from '../../../shared/statistics/effective-share.ts';
import { StatisticsInputError } from '../../../shared/statistics/errors.ts';
import { scoreScale } from '../../../shared/statistics/score-scale.ts';
import { sigmoid } from '../../../shared/statistics/sigmoid.ts';

const SEED = Number(process.env['FUZZ_SEED'] ?? 29);
console.log(`score-scale: seed ${SEED}`);

describe('the scale of scores', () => {
  it('makes the known preferences likeliest, with one tie added: no other scale on a fine grid does better', () => {
    for (let run = 0; run < 20; run++) {
      const differences = Array.from({ length: 30 }, (_, row) => 2 + 5 * normal(SEED, run, row));
      const unit = Math.sqrt(differences.reduce((sum, value) => sum + value * value, 0) / 30);
      const likelihood = (scale: number) =>
        differences.reduce((sum, value) => sum + Math.log(sigmoid(value / scale)), 0) +
        (Math.log(sigmoid(unit / scale)) + Math.log(sigmoid(-unit / scale))) / 2;
      const scale = scoreScale(differences);
      if (scale === null) continue;
      for (let step = -300; step <= 300; step++) {
        expect(likelihood(scale)).toBeGreaterThanOrEqual(likelihood(scale * 1.02 ** step) - 1e-9);
      }
    }
  });

  it('finds the scale by which preferences were drawn', () => {
    const truth = 3;
    const differences = Array.from({ length: 4000 }, (_, row) => {
      const difference = 4 * normal(SEED, 1, row);
      return uniform(SEED, 2, row) < sigmoid(difference / truth) ? difference : -difference;
    });
    expect(scoreScale(differences)).toBeGreaterThan(0.9 * truth);
    expect(scoreScale(differences)).toBeLessThan(1.1 * truth);
  });

  it('grows with the scores, is finite where none is contradicted, and null where they say nothing or the opposite', () => {
    const scale = scoreScale([1, 2, 3, -1]) ?? Number.NaN;
    expect(scoreScale([1000, 2000, 3000, -1000])).toBeCloseTo(1000 * scale, 6);
    expect(scoreScale([1e-9, 5])).toBeGreaterThan(0);
    expect(scoreScale([7])).toBeGreaterThan(0);
    for (const none of [
      [0, 0],
      [1, -1],
      [-2, 1],
    ])
      expect(scoreScale(none)).toBeNull();
    expect(() => scoreScale([])).toThrow(StatisticsInputError);
    expect(() => scoreScale([Number.NaN])).toThrow(StatisticsInputError);
  });
});

describe('a mean as independent trials', () => {
  const rows = (values: readonly number[]) => effectiveShare(values, [...values.keys()]);

  it('is the rows themselves where each is a prompt of its own, and half of them where two go together', () => {
    const values = Array.from({ length: 100 }, (_, row) => Number(row < 60));
    expect(rows(values).n).toBeCloseTo(100, 9);
    expect(rows(values).successes / rows(values).n).toBeCloseTo(0.6, 12);
    const { n } = effectiveShare(
      values,
      values.map((_, row) => Math.floor(row / 2)),
    );
    expect(n).toBeCloseTo(50, 9);
  });

  it('knows that ties vary less than wins and losses', () => {
    const values = Array.from({ length: 100 }, (_, row) => [0, 0.5, 0.5, 1][row % 4] ?? 0);
    // Variance 1/8 in place of 1/4.
    expect(rows(values).n).toBeCloseTo(200, 9);
  });

  it('is never more than independent rows would be, however small the sums of few prompts come out by chance', () => {
    // Each prompt has one win in three: the sums of all prompts are 0.
    const values = Array.from({ length: 15 }, (_, row) => Number(row % 3 === 0));
    const prompts = values.map((_, row) => Math.floor(row / 3));
    expect(effectiveShare(values, prompts).n).toBeCloseTo(15, 9);
  });

  it('is the rows where nothing varies, and refuses what is no share', () => {
    for (const value of [0, 0.5, 1])
      expect(rows([value, value, value])).toEqual({ successes: 3 * value, n: 3 });
    expect(effectiveShare([1, 0], ['p', 'p'])).toEqual({ successes: 1, n: 2 });
    expect(() => rows([])).toThrow(StatisticsInputError);
    expect(() => rows([1.5])).toThrow(StatisticsInputError);
    expect(() => effectiveShare([1], [])).toThrow(StatisticsInputError);
  });
});
