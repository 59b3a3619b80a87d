/**
 * Novelty: how rare the token pairs of a response are among the responses of the same step.
 *
 * A preference model is blind to a policy that gives one good answer to every prompt. A novelty term in the reward keeps
 * such policies from paying, as in curiosity-driven red teaming (Hong et al., ICLR 2024), which takes n-gram overlap with
 * earlier responses; here it is the inverse document frequency of each pair among the responses of the step.
 */
import { forEachToken, type TokenShape } from './token-matrix.ts';

/** Of each response the distinct pairs of neighbours, and over all responses in how many each occurs. */
function pairCounts(responses: readonly ArrayLike<number>[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const tokens of responses) {
    const own = new Set<string>();
    for (let token = 1; token < tokens.length; token++) own.add(`${tokens[token - 1]} ${tokens[token]}`);
    for (const pair of own) counts.set(pair, (counts.get(pair) ?? 0) + 1);
  }
  return counts;
}

/** Novelty of every token, and the mean over all pairs before it was taken off. */
export interface Novelty {
  /** [rows, columns]; a row adds up to its own mean idf less the mean of all pairs. */
  readonly matrix: Float64Array;
  /** Nats: ln(rows) where no pair occurs in two responses, 0 where all responses are one. */
  readonly mean: number;
}

/**
 * For a response of T tokens and a token t after the first: (idf(t - 1, t) - mean idf) / (T - 1) with
 * idf = ln(rows / responses that hold the pair). First tokens and padding are 0.
 *
 * @param responses tokens of each row, as long as `shape` says
 */
export function noveltyOf(shape: TokenShape, responses: readonly ArrayLike<number>[]): Novelty {
  const counts = pairCounts(responses);
  const matrix = new Float64Array(shape.rows * shape.columns);
  let [sum, pairs] = [0, 0];
  forEachToken(shape, (cell, row, column) => {
    if (column === 0) return;
    const tokens = responses[row];
    const count = counts.get(`${tokens?.[column - 1]} ${tokens?.[column]}`) ?? Number.NaN;
    const idf = Math.log(shape.rows / count);
    matrix[cell] = idf;
    sum += idf;
    pairs += 1;
  });
  const mean = pairs === 0 ? 0 : sum / pairs;
  forEachToken(shape, (cell, row, column) => {
    if (column > 0) matrix[cell] = ((matrix[cell] ?? 0) - mean) / ((responses[row]?.length ?? 0) - 1);
  });
  return { matrix, mean };
}
