/** Metrics of one step's rollouts, under the names that users of TRL, open-instruct and verl know. */
import { cellOf, forEachToken, rowLength, tokenCount, type TokenShape } from './token-matrix.ts';
import { maskedMoments } from './whitening.ts';
import { sampledKl } from './kl-penalty.ts';

export type Metrics = Record<string, number>;

export interface RolloutMetricsInput {
  readonly shape: TokenShape;
  /** Log-probabilities of the sampled tokens, [rows, columns]. */
  readonly policy: ArrayLike<number>;
  readonly reference: ArrayLike<number>;
  /** KL penalty of each token before the coefficient, [rows, columns]. */
  readonly kl: ArrayLike<number>;
  readonly klCoefficient: number;
  /** Terminal scores as the objective uses them, [rows]. */
  readonly scores: ArrayLike<number>;
  /** 1 where a response ended with a stop, [rows]. */
  readonly ended: ArrayLike<number>;
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += values[index] ?? 0;
  return values.length === 0 ? 0 : sum / values.length;
}

/** Population standard deviation. */
function deviation(values: readonly number[]): number {
  const center = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - center) ** 2)));
}

/**
 * `objective/*` and `completions/*`. Sums run over a response's tokens, means over responses:
 * kl0, kl1, kl2 are the k1, k2, k3 estimates (open-instruct's numbering).
 */
export function rolloutMetrics(input: RolloutMetricsInput): Metrics {
  const { shape, policy, reference, kl, klCoefficient, scores, ended } = input;
  const sums = { kl: 0, kl0: 0, kl1: 0, kl2: 0, entropy: 0, nonScore: 0 };
  forEachToken(shape, (cell) => {
    const logProbability = cellOf(policy, cell, 'policy log-probabilities');
    const difference = logProbability - cellOf(reference, cell, 'reference log-probabilities');
    const penalty = cellOf(kl, cell, 'kl');
    sums.kl += penalty;
    sums.kl0 += sampledKl('k1', difference);
    sums.kl1 += sampledKl('k2', difference);
    sums.kl2 += sampledKl('k3', difference);
    sums.entropy -= logProbability;
    sums.nonScore -= klCoefficient * penalty;
  });
  const { rows } = shape;
  const nonScoreReward = sums.nonScore / rows;
  const score = mean(scores);
  return {
    'objective/kl': sums.kl / rows,
    'objective/kl0': sums.kl0 / rows,
    'objective/kl1': sums.kl1 / rows,
    'objective/kl2': sums.kl2 / rows,
    'objective/entropy': sums.entropy / rows,
    'objective/non_score_reward': nonScoreReward,
    'objective/rlhf_reward': nonScoreReward + score,
    'objective/scores': score,
    'objective/scores_std': deviation(Array.from(scores)),
    ...lengthMetrics(shape, ended),
  };
}

function lengthMetrics(shape: TokenShape, ended: ArrayLike<number>): Metrics {
  let minimum = Infinity;
  let maximum = 0;
  let stopped = 0;
  let stoppedTokens = 0;
  const lengths: number[] = [];
  for (let row = 0; row < shape.rows; row++) {
    const length = rowLength(shape, row);
    lengths.push(length);
    minimum = Math.min(minimum, length);
    maximum = Math.max(maximum, length);
    if (cellOf(ended, row, 'ended') !== 0) {
      stopped += 1;
      stoppedTokens += length;
    }
  }
  return {
    'completions/mean_length': tokenCount(shape) / shape.rows,
    'completions/min_length': minimum,
    'completions/max_length': maximum,
    'completions/length_std': deviation(lengths),
    'completions/mean_terminated_length': stopped === 0 ? 0 : stoppedTokens / stopped,
    'completions/clipped_ratio': 1 - stopped / shape.rows,
    'val/num_eos_tokens': stopped,
  };
}

/**
 * `critic/*`: how well the value model's first guesses fit the returns.
 * Explained variance = 1 - Var(returns - values) / Var(returns); 0 where the returns do not vary.
 */
export function valueMetrics(
  shape: TokenShape,
  values: ArrayLike<number>,
  returns: ArrayLike<number>,
): Metrics {
  const errors = new Float64Array(shape.rows * shape.columns);
  const range = { valuesMin: Infinity, valuesMax: -Infinity, returnsMin: Infinity, returnsMax: -Infinity };
  forEachToken(shape, (cell) => {
    const value = cellOf(values, cell, 'values');
    const target = cellOf(returns, cell, 'returns');
    errors[cell] = target - value;
    range.valuesMin = Math.min(range.valuesMin, value);
    range.valuesMax = Math.max(range.valuesMax, value);
    range.returnsMin = Math.min(range.returnsMin, target);
    range.returnsMax = Math.max(range.returnsMax, target);
  });
  const target = maskedMoments(shape, returns);
  const error = maskedMoments(shape, errors);
  return {
    'critic/values/mean': maskedMoments(shape, values).mean,
    'critic/values/min': range.valuesMin,
    'critic/values/max': range.valuesMax,
    'critic/returns/mean': target.mean,
    'critic/returns/min': range.returnsMin,
    'critic/returns/max': range.returnsMax,
    'critic/vf_explained_var': target.variance > 0 ? 1 - error.variance / target.variance : 0,
  };
}
