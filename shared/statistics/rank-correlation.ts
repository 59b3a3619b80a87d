/** Spearman's rank correlation. */
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
