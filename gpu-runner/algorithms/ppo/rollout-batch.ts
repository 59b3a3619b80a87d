/** One policy's rollouts of one step: responses, scores, values, and the host arithmetic that makes targets of them. */
import type { AlarmObservation } from '../../../shared/alarm/over-optimisation.ts';
import type { TaskParameters } from '../../../shared/api/tasks/kinds.ts';
import { hasValueModels } from '../../../shared/api/tasks/ppo.ts';
import { responseOf } from '../../llama/model/sequence.ts';
import type { PpoRow } from '../../llama/trainer/ppo-trainer.ts';
import type { Generation } from '../generation.ts';
import type { ResponseText } from '../response-text.ts';
import { estimateAdvantages, type Advantages } from './advantages.ts';
import { equalScoreShare, groupAdvantages } from './group-advantages.ts';
import { sampledKlMatrix } from './kl-penalty.ts';
import { noveltyOf } from './novelty.ts';
import { placeRewards, terminalScores, type ScoreNormalisation } from './rewards.ts';
import { alarmObservation, repetitionMetrics } from './alarm-observation.ts';
import { rolloutMetrics, valueMetrics, type Metrics } from './rollout-metrics.ts';
import { cellOf, type TokenShape } from './token-matrix.ts';
import { whiten } from './whitening.ts';

export type RewardSettings = Pick<
  TaskParameters<'ppo'>,
  | 'klEstimator'
  | 'penaltyWithoutStop'
  | 'whitenRewards'
  | 'whitenAdvantages'
  | 'whitenPadding'
  | 'maximumNewTokens'
  | 'noveltyCoefficient'
  | 'discount'
  | 'traceDecay'
  | 'advantageEstimator'
  | 'groupSize'
>;

/** One response to one prompt. */
export interface Rollout extends Generation {
  /** Index of the prompt. */
  readonly prompt: number;
  readonly response: ResponseText;
  /** Preference score before normalisation. */
  readonly score: number;
  /** V of the state before each response token. */
  readonly values: Float32Array;
}

/** Everything an update needs, per rollout, and what the step's metrics say. */
export interface RolloutTargets {
  readonly rows: readonly PpoRow[];
  readonly metrics: Metrics;
  /** Mean terminal score, nats of KL (k1) a sequence, and mean length. */
  readonly meanScore: number;
  readonly klPerSequence: number;
  readonly meanLength: number;
  readonly observation: AlarmObservation;
}

/**
 * Rewards, advantages and returns of a policy's rollouts.
 *
 * @param klCoefficient of this step
 * @param exactKl per rollout and token, where the settings take the KL over whole distributions
 */
export function rolloutTargets(
  rollouts: readonly Rollout[],
  klCoefficient: number,
  normalisation: ScoreNormalisation | null,
  settings: RewardSettings,
  exactKl?: readonly Float64Array[],
): RolloutTargets {
  const responses = rollouts.map(({ sequence }) => responseOf(sequence));
  const lengths = responses.map(({ length }) => length);
  const shape: TokenShape = { rows: rollouts.length, columns: Math.max(...lengths), lengths };
  const matrix = (of: (rollout: Rollout) => ArrayLike<number>) => padded(rollouts.map(of), shape);
  const policy = matrix(({ logProbabilities }) => logProbabilities);
  const reference = matrix(({ referenceLogProbabilities }) => referenceLogProbabilities);
  const values = matrix((rollout) => rollout.values);
  const ended = rollouts.map(({ response }) => (response.ended ? 1 : 0));
  const scores = terminalScores(
    rollouts.map(({ score }) => score),
    ended,
    { normalisation, missingEosPenalty: settings.penaltyWithoutStop },
  );
  const kl =
    settings.klEstimator === 'exact'
      ? padded(exactKl ?? [], shape)
      : sampledKlMatrix(settings.klEstimator, shape, policy, reference);
  const rewards = placeRewards(shape, kl, klCoefficient, scores);
  const { noveltyCoefficient } = settings;
  const novelty = noveltyOf(shape, responses);
  if (noveltyCoefficient > 0) {
    novelty.matrix.forEach((value, cell) => {
      rewards[cell] = (rewards[cell] ?? 0) + noveltyCoefficient * value;
    });
  }
  const paddedCells = settings.whitenPadding ? shape.rows * settings.maximumNewTokens : null;
  const scaled = settings.whitenRewards ? whiten(shape, rewards, 'keep-mean', paddedCells) : rewards;
  const { advantages, returns } = advantagesOf(shape, scaled, values, settings);
  const used = settings.whitenAdvantages ? whiten(shape, advantages, 'shift-mean', paddedCells) : advantages;
  const metrics: Metrics = {
    ...rolloutMetrics({ shape, policy, reference, kl, klCoefficient, scores, ended }),
    ...repetitionMetrics(responses),
    ...(hasValueModels(settings) && valueMetrics(shape, values, returns)),
    'objective/kl_coef': klCoefficient,
    'completions/novelty': novelty.mean,
    ...(settings.groupSize > 1 && { frac_reward_zero_std: equalScoreShare(scores, settings.groupSize) }),
  };
  const row = (of: Float64Array, index: number) =>
    of.subarray(index * shape.columns, index * shape.columns + (shape.lengths[index] ?? 0));
  return {
    rows: rollouts.map(({ sequence, logProbabilities, values: oldValues }, index) => ({
      ...sequence,
      oldLogProbabilities: logProbabilities,
      advantages: row(used, index),
      oldValues,
      returns: row(returns, index),
    })),
    metrics,
    meanScore: metrics['objective/scores'] ?? Number.NaN,
    klPerSequence: metrics['objective/kl0'] ?? Number.NaN,
    meanLength: metrics['completions/mean_length'] ?? Number.NaN,
    observation: alarmObservation(metrics),
  };
}

function advantagesOf(
  shape: TokenShape,
  rewards: Float64Array,
  values: Float64Array,
  settings: RewardSettings,
): Advantages {
  if (settings.advantageEstimator === 'gae') {
    const { discount: gamma, traceDecay: gaeLambda } = settings;
    return estimateAdvantages(shape, rewards, values, { gamma, gaeLambda });
  }
  return groupAdvantages(shape, rewards, settings.groupSize, settings.advantageEstimator);
}

/** Rows of their own lengths as a [rows, columns] matrix, 0 in the padding. */
function padded(rows: readonly ArrayLike<number>[], shape: TokenShape): Float64Array {
  if (rows.length !== shape.rows)
    throw new RangeError(`${rows.length} rows of numbers for ${shape.rows} rollouts`);
  const matrix = new Float64Array(shape.rows * shape.columns);
  rows.forEach((row, index) => {
    for (let column = 0; column < (shape.lengths[index] ?? 0); column++) {
      matrix[index * shape.columns + column] = cellOf(row, column, `row ${index}`);
    }
  });
  return matrix;
}
