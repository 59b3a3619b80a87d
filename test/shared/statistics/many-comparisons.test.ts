/** Many systems against each other: the exact test by enumeration, its level, Holm by his table, letters by their meaning. */
import { describe, expect, it } from 'vitest';
import { normal, uniform } from '../../../shared/random.ts';
import { StatisticsInputError } from '../../../shared/statistics/errors.ts';
import { holm } from '../../../shared/statistics/holm.ts';
import { signFlipTest } from '../../../shared/statistics/sign-flip-test.ts';
import { significanceGroups } from '../../../shared/statistics/significance-groups.ts';

/** The exact p of few differences: all sign patterns. */
function exactP(differences: readonly number[]): number {
  const seen = Math.abs(differences.reduce((sum, value) => sum + value, 0));
  const patterns = 2 ** differences.length;
  let asFar = 0;
  for (let pattern = 0; pattern < patterns; pattern++) {
    const sum = differences.reduce(
      (total, value, bit) => total + ((pattern >>> bit) & 1 ? value : -value),
      0,
    );
    asFar += Number(Math.abs(sum) >= seen - 1e-9);
  }
  return asFar / patterns;
}

describe('the sign-flip test', () => {
  it.each([1, 2, 3, 4, 5])('is near the exact p of all patterns (sample %d)', (seed) => {
    const differences = Array.from({ length: 14 }, (_, row) => 0.4 + normal(seed, row, 0));
    const exact = exactP(differences);
    // Four standard errors of a share of 9,999 patterns.
    expect(Math.abs(signFlipTest(differences, seed) - exact)).toBeLessThan(
      4 * Math.sqrt(exact / 9999) + 1e-4,
    );
  });

  it('knows no difference where there is none, and does not go below what it has drawn', () => {
    expect(signFlipTest([0, 0, 0], 1)).toBe(1);
    expect(signFlipTest([0.5, -0.5], 1)).toBe(1);
    expect(signFlipTest(Array<number>(200).fill(0.5), 1)).toBe(1e-4);
    expect(() => signFlipTest([], 1)).toThrow(StatisticsInputError);
    expect(() => signFlipTest([Number.NaN], 1)).toThrow(StatisticsInputError);
  });

  it('finds a difference of two equal systems in 2 to 8 of 100 simulations at 0.05', () => {
    const simulations = 300;
    let found = 0;
    for (let run = 0; run < simulations; run++) {
      const differences = Array.from({ length: 130 }, (_, row) => Math.round(3 * uniform(run, row, 3)) - 1.5);
      found += Number(signFlipTest(differences, run) < 0.05);
    }
    expect(found / simulations).toBeGreaterThan(0.02);
    expect(found / simulations).toBeLessThan(0.08);
  });
});

describe('Holm', () => {
  it("is his procedure: the smallest times their number, never below a smaller one's", () => {
    // p.adjust(c(0.01, 0.04, 0.03, 0.005), 'holm') of R
    const found = holm([0.01, 0.04, 0.03, 0.005]);
    [0.03, 0.06, 0.06, 0.02].forEach((p, test) => expect(found[test]).toBeCloseTo(p, 12));
    expect(holm([0.9, 0.8])).toEqual([1, 1]);
    expect(() => holm([1.2])).toThrow(StatisticsInputError);
  });
});

describe('significance groups', () => {
  const systems = ['one', 'two', 'three', 'four', 'five', 'six'];

  it.each([
    [[], ['a', 'a', 'a']],
    [
      ['one two', 'one three', 'two three'],
      ['a', 'b', 'c'],
    ],
    [['one three'], ['a', 'ab', 'b']],
  ])('of %j are %j', (pairs, letters) => {
    const told = new Set<string>(pairs);
    const differ = (a: string, b: string) => told.has(`${a} ${b}`);
    expect(significanceGroups(systems.slice(0, 3), differ)).toEqual(letters);
  });

  it('share a letter exactly where two systems are not told apart (200 random tables)', () => {
    for (let table = 0; table < 200; table++) {
      const differ = (one: string, other: string) => {
        const [a, b] = [systems.indexOf(one), systems.indexOf(other)].sort((x, y) => x - y);
        return uniform(table, a ?? 0, b ?? 0) < 0.4;
      };
      const letters = significanceGroups(systems, differ);
      for (const [place, one] of systems.entries()) {
        for (const [at, other] of systems.entries()) {
          if (place === at) continue;
          const shared = Array.from(letters[place] ?? '').some((letter) => letters[at]?.includes(letter));
          expect(shared, `table ${table}: ${letters.join(' ')}`).toBe(!differ(one, other));
        }
      }
    }
  });
});
