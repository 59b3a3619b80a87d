/** Selection: the cell of the grid with the highest mean of the method's own reward on dev prompts, variety kept. */
import type { TaskParameters, TaskResult } from '../../shared/api/tasks/kinds.ts';
import { criticalValue } from '../../shared/statistics/normal-distribution.ts';
import { mean, standardDeviation } from '../../shared/statistics/summary.ts';
import { distinctN } from '../../shared/text/distinct-n.ts';
import { words } from '../../shared/text/words.ts';
import { scoredCount } from '../llama/model/sequence.ts';
import { AlgorithmInputError } from './algorithm-error.ts';
import type { GenerateGroups } from './generation.ts';
import type { RewardModel } from './ppo/reward-model.ts';
import type { RolloutPrompt } from './ppo/rollout-prompts.ts';
import { sampleAndScore, type ScoredResponse } from './ppo/score-rollouts.ts';
import { scoreNormalisation, terminalScores } from './ppo/rewards.ts';
import type { ResponseReader } from './response-text.ts';
import type { RunHooks } from './run-hooks.ts';
import { streamOf } from './streams.ts';

const CONFIDENCE = 0.95;

/** A cell of the grid with its adapter's numbers. */
export interface GridCell {
  readonly klCoefficient: number;
  readonly steps: number;
  readonly vector: Float32Array;
}

export interface SelectionEngine {
  readonly generate: GenerateGroups;
  readonly reader: ResponseReader;
  readonly reward: RewardModel;
}

/**
 * Scores every cell on the same prompts with the same random streams. Rewards are on the scale on which the base
 * model's own responses to these prompts have mean 0 and deviation 1, so that an unfinished response's penalty means
 * the same here as in PPO. Reward is blind to a policy that says one thing to every prompt, so `minimumDistinct2` keeps
 * such cells from being chosen. Between equal means the cell with the lower KL wins.
 *
 * @param prompts the dev prompts
 */
export async function selectCell(
  cells: readonly GridCell[],
  prompts: readonly Pick<RolloutPrompt, 'tokens'>[],
  settings: Pick<TaskParameters<'select'>, 'penaltyWithoutStop' | 'minimumDistinct2'>,
  engine: SelectionEngine,
  hooks: RunHooks,
): Promise<TaskResult<'select'>> {
  const [first] = cells;
  if (first === undefined || prompts.length < 2) {
    throw new AlgorithmInputError(
      `selection needs a cell and two prompts, got ${cells.length} and ${prompts.length}: give the dev split prompts`,
    );
  }
  const requests = prompts.map(({ tokens: promptTokens }, row) => {
    return { prompt: row, promptTokens, stream: streamOf('selection', row) };
  });
  const respond = async (vector: Float32Array) => {
    const [group = []] = await sampleAndScore(engine, vector, 1, requests, hooks.signal);
    return group;
  };
  hooks.progress(0, cells.length, 'cells');
  const base = await respond(new Float32Array(first.vector.length));
  const baseDistinct2 = distinct2(base);
  const normalisation = scoreNormalisation(base.map(({ score }) => score));
  const rewardsOf = (responses: readonly ScoredResponse[]) => [
    ...terminalScores(
      responses.map(({ score }) => score),
      responses.map(({ response }) => (response.ended ? 1 : 0)),
      { normalisation, missingEosPenalty: settings.penaltyWithoutStop },
    ),
  ];
  const table: TaskResult<'select'>['table'] = [];
  for (const [index, { klCoefficient, steps, vector }] of cells.entries()) {
    const responses = await respond(vector);
    table.push({
      klCoefficient,
      steps,
      ...describe(rewardsOf(responses), responses),
      // Responses of one word each have no pairs of words: there is no variety to lose.
      distinct2: baseDistinct2 === 0 ? 1 : distinct2(responses) / baseDistinct2,
    });
    hooks.progress(index + 1, cells.length, 'cells');
  }
  table.sort((a, b) => a.klCoefficient - b.klCoefficient || a.steps - b.steps);
  const { minimumDistinct2 } = settings;
  const best = chooseCell(table, minimumDistinct2);
  return {
    chosen: { klCoefficient: best.klCoefficient, steps: best.steps },
    minimumDistinct2,
    base: meanOf(rewardsOf(base)),
    table,
  };
}

type MeasuredCell = TaskResult<'select'>['table'][number];

/**
 * The cell with the highest reward of those that keep the variety asked for; the one that keeps most if none does.
 *
 * @throws AlgorithmInputError if the table is empty
 */
export function chooseCell(table: readonly MeasuredCell[], minimumDistinct2: number | null): MeasuredCell {
  const kept = table.filter((cell) => minimumDistinct2 === null || cell.distinct2 >= minimumDistinct2);
  const figure = (cell: MeasuredCell) => (kept.length > 0 ? cell.meanReward : cell.distinct2);
  const [best] = (kept.length > 0 ? kept : table).toSorted((a, b) => figure(b) - figure(a) || a.kl - b.kl);
  if (best === undefined) throw new AlgorithmInputError('there is no cell to choose from: give the grid one');
  return best;
}

function distinct2(responses: readonly ScoredResponse[]): number {
  return distinctN(
    responses.map(({ response }) => words(response.text)),
    2,
  );
}

function meanOf(rewards: readonly number[]) {
  const meanReward = mean(rewards);
  const half = (criticalValue(CONFIDENCE) * standardDeviation(rewards)) / Math.sqrt(rewards.length);
  const interval = { lower: meanReward - half, upper: meanReward + half, confidence: CONFIDENCE };
  return { meanReward, interval };
}

function describe(rewards: readonly number[], responses: readonly ScoredResponse[]) {
  const kl = responses.map(({ logProbabilities, referenceLogProbabilities }) =>
    logProbabilities.reduce(
      (sum, value, token) => sum + value - (referenceLogProbabilities[token] ?? Number.NaN),
      0,
    ),
  );
  return {
    n: rewards.length,
    ...meanOf(rewards),
    meanLength: mean(responses.map(({ sequence }) => scoredCount(sequence))),
    kl: mean(kl),
  };
}
