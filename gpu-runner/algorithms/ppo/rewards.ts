/** Rewards of response tokens: the terminal score of the last true token and the KL penalty of every token. */
import { AlgorithmInputError } from '../algorithm-error.ts';
import { cellOf, forEachToken, rowLength, type TokenShape } from './token-matrix.ts';

/** Affine map that gives scores mean 0 and standard deviation 1 on samples of the reference policy. */
export interface ScoreNormalisation {
  readonly mean: number;
  readonly standardDeviation: number;
}

/**
 * Mean and population standard deviation of the reference policy's scores.
 *
 * @throws AlgorithmInputError if fewer than two scores or no spread: a preference model that gives every text
 *   one score teaches nothing
 */
export function scoreNormalisation(scores: ArrayLike<number>): ScoreNormalisation {
  let sum = 0;
  for (let index = 0; index < scores.length; index++) sum += cellOf(scores, index, 'scores');
  const mean = sum / scores.length;
  let squares = 0;
  for (let index = 0; index < scores.length; index++)
    squares += (cellOf(scores, index, 'scores') - mean) ** 2;
  const standardDeviation = Math.sqrt(squares / scores.length);
  if (scores.length < 2 || !(standardDeviation > 0)) {
    throw new AlgorithmInputError(
      `the preference model's ${scores.length} scores of reference samples have no spread (standard deviation ` +
        `${standardDeviation}): train it on more pairs, or on pairs that differ`,
    );
  }
  return { mean, standardDeviation };
}

export interface TerminalScoreSettings {
  readonly normalisation: ScoreNormalisation | null;
  /** Score of a response that did not end with a stop; null scores it like any other. */
  readonly missingEosPenalty: number | null;
}

/**
 * Terminal score of each row: the normalised preference score, or the penalty where the text has not ended.
 * The penalty is on the normalised scale.
 *
 * @param scores preference scores [rows]
 * @param ended 1 where the response ended with a stop, [rows]
 */
export function terminalScores(
  scores: ArrayLike<number>,
  ended: ArrayLike<number>,
  settings: TerminalScoreSettings,
): Float64Array {
  const { normalisation, missingEosPenalty } = settings;
  return Float64Array.from({ length: scores.length }, (_, row) => {
    if (missingEosPenalty !== null && cellOf(ended, row, 'ended') === 0) return missingEosPenalty;
    const score = cellOf(scores, row, 'scores');
    return normalisation === null ? score : (score - normalisation.mean) / normalisation.standardDeviation;
  });
}

/**
 * Rewards [rows, columns]: r[t] = -klCoefficient * kl[t], plus the row's terminal score at its last true token
 * (by length, so a pad token equal to the end token changes nothing). Padding stays 0.
 *
 * @param kl per-token KL [rows, columns]
 * @throws AlgorithmInputError if a row has no token to carry its score
 */
export function placeRewards(
  shape: TokenShape,
  kl: ArrayLike<number>,
  klCoefficient: number,
  scores: ArrayLike<number>,
): Float64Array {
  const rewards = new Float64Array(shape.rows * shape.columns);
  forEachToken(shape, (cell) => {
    rewards[cell] = -klCoefficient * cellOf(kl, cell, 'kl');
  });
  for (let row = 0; row < shape.rows; row++) {
    const length = rowLength(shape, row);
    if (length === 0)
      throw new AlgorithmInputError(`response ${row} has no token, so its score has no place`);
    const last = row * shape.columns + length - 1;
    rewards[last] = cellOf(rewards, last, 'rewards') + cellOf(scores, row, 'scores');
  }
  return rewards;
}
