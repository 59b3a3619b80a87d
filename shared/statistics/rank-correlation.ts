/** Rank correlations: Spearman's rho and Kendall's tau-b. */
import { requireNumbers, requireSameLength, UndefinedStatisticError } from './errors.ts';
import { averageRanks } from './ranks.ts';

/**
 * Spearman's rho: Pearson's correlation of the average ranks.
 *
 * @throws StatisticsInputError on empty, unequal or non-finite input; UndefinedStatisticError if a side is constant
 */
export function spearman(a: readonly number[], b: readonly number[]): number {
  requirePaired(a, b);
  const [ranksA, ranksB] = [averageRanks(a), averageRanks(b)];
  const center = (a.length + 1) / 2;
  let [ab, aa, bb] = [0, 0, 0];
  for (const [row, rank] of ranksA.entries()) {
    const [x, y] = [rank - center, (ranksB[row] ?? 0) - center];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return ab / Math.sqrt(aa * bb);
}

/**
 * Kendall's tau-b: (concordant - discordant) / sqrt((pairs not tied in a) (pairs not tied in b)); O(n^2).
 *
 * @throws as {@link spearman}
 */
export function kendall(a: readonly number[], b: readonly number[]): number {
  requirePaired(a, b);
  let [difference, untiedA, untiedB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < i; j++) {
      const signA = Math.sign((a[i] ?? 0) - (a[j] ?? 0));
      const signB = Math.sign((b[i] ?? 0) - (b[j] ?? 0));
      difference += signA * signB;
      untiedA += signA * signA;
      untiedB += signB * signB;
    }
  }
  return difference / Math.sqrt(untiedA * untiedB);
}

function requirePaired(a: readonly number[], b: readonly number[]): void {
  requireNumbers('a', a);
  requireNumbers('b', b);
  requireSameLength('a', a, 'b', b);
  for (const [name, values] of [['a', a] as const, ['b', b] as const]) {
    if (values.every((value) => value === values[0])) {
      throw new UndefinedStatisticError(
        `every value of ${name} is the same: a rank correlation needs variation`,
      );
    }
  }
}
