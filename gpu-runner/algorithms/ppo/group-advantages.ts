/** Advantages without a value model: a response against the others to the same prompt (RLOO, GRPO). */
import { AlgorithmInputError } from '../algorithm-error.ts';
import type { Advantages } from './advantages.ts';
import { cellOf, forEachToken, type TokenShape } from './token-matrix.ts';

/** Keeps GRPO's division finite where all responses of a group earn the same. */
const EPSILON = 1e-8;

/**
 * Every token of response i carries the same advantage, from R_i = sum of its rewards (KL penalty included):
 * rloo: R_i - mean of the other responses' R (Ahmadian et al. 2024);
 * grpo: (R_i - mean) / (population deviation + 1e-8) of the group (Shao et al. 2024).
 * Returns are R_i at every token, so that a value model that is trained along learns the response's whole reward.
 *
 * @param groupSize neighbouring rows that answer one prompt; it divides the rows
 * @throws AlgorithmInputError for a group of one
 */
export function groupAdvantages(
  shape: TokenShape,
  rewards: ArrayLike<number>,
  groupSize: number,
  estimator: 'rloo' | 'grpo',
): Advantages {
  if (groupSize < 2 || shape.rows % groupSize !== 0) {
    throw new AlgorithmInputError(
      `${estimator} compares responses to one prompt: groupSize is ${groupSize} for ${shape.rows} rollouts, ` +
        'set it to 2 or more, a divisor of the rollouts',
    );
  }
  const totals = new Float64Array(shape.rows);
  forEachToken(shape, (cell, row) => {
    totals[row] = (totals[row] ?? 0) + cellOf(rewards, cell, 'rewards');
  });
  const advantageOfRow = Float64Array.from(totals, (total, row) => {
    const first = row - (row % groupSize);
    const group = totals.subarray(first, first + groupSize);
    const mean = group.reduce((sum, value) => sum + value, 0) / groupSize;
    if (estimator === 'rloo') return ((total - mean) * groupSize) / (groupSize - 1);
    const variance = group.reduce((sum, value) => sum + (value - mean) ** 2, 0) / groupSize;
    return (total - mean) / (Math.sqrt(variance) + EPSILON);
  });
  const advantages = new Float64Array(shape.rows * shape.columns);
  const returns = new Float64Array(shape.rows * shape.columns);
  forEachToken(shape, (cell, row) => {
    advantages[cell] = cellOf(advantageOfRow, row, 'advantages');
    returns[cell] = cellOf(totals, row, 'totals');
  });
  return { advantages, returns };
}

/**
 * Share of the groups whose responses all earn the same score: they teach nothing.
 *
 * @param scores [rows], groups of neighbours
 */
export function equalScoreShare(scores: ArrayLike<number>, groupSize: number): number {
  const groups = scores.length / groupSize;
  let equal = 0;
  for (let first = 0; first < scores.length; first += groupSize) {
    const group = Array.from({ length: groupSize }, (_, place) => cellOf(scores, first + place, 'scores'));
    equal += Math.max(...group) === Math.min(...group) ? 1 : 0;
  }
  return equal / groups;
}
