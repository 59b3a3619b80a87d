/** The judge of people's pairs that `--judge` asks for: trained before the methods are judged, one for all of them. */
import type { Client } from '../../../shared/api/client.ts';
import { JUDGE_STAGE, judgeWork } from '../../../shared/planner/judge-sizes.ts';
import { judgedTokens, type TaskWork } from '../../../shared/planner/work.ts';
import { follow } from '../../experiment/follow.ts';
import { dividePairs, type JudgePairs } from '../../experiment/judge-pairs.ts';
import {
  JUDGE_SEED,
  JUDGE_TRAINING,
  judgeFigures,
  submitJudge,
  type JudgeFigures,
} from '../../experiment/people-judge.ts';
import type { Child } from '../../processes/child.ts';
import type { StageView } from '../../terminal/stage-lines.ts';
import type { Materials } from './materials.ts';
import type { Registered } from '../../experiment/register.ts';
import type { PaperSettings } from './settings.ts';

interface Watch {
  readonly children: readonly Child[];
  readonly signal: AbortSignal;
  readonly onChange: (stages: readonly StageView[]) => void;
}

export interface PeoplesJudge {
  readonly figures: JudgeFigures;
  /** The id of the set of its pairs: those of the split test are for examining judges. */
  readonly promptSet: string;
  /** SHA-256 of the upload. */
  readonly pairsSha256: string;
}

/** @returns undefined where the command line names no pairs */
export async function peoplesJudge(
  client: Client,
  { judge, form }: Pick<Materials, 'judge' | 'form'>,
  { judgePairs }: Pick<PaperSettings, 'judgePairs'>,
  { principle, baseModel }: Registered,
  watch: Watch,
): Promise<PeoplesJudge | undefined> {
  if (judge === undefined) return undefined;
  const order = { judge, counts: judgePairs, principle, baseModel, form };
  const { experimentId, promptSet } = await submitJudge(client, order);
  const experiment = await follow({ client, experimentId, ...watch });
  const figures = await judgeFigures(client, experiment);
  return { figures, promptSet: promptSet.id, pairsSha256: promptSet.contentSha256 };
}

/** What its training and the exam of all judges cost, for a plan. @param settings with people's judge among the judges */
export function judgeTasks(
  judge: JudgePairs,
  { judgePairs, hyperparameters }: Pick<PaperSettings, 'judgePairs' | 'hyperparameters'>,
): TaskWork[] {
  const { train, test } = dividePairs(judge, judgePairs);
  const meanTokens = judge.tokens.reduce((sum, count) => sum + count, 0) / judge.tokens.length;
  const of = { seed: JUDGE_SEED, sampled: 0, trained: 0 };
  return [
    {
      ...of,
      kind: JUDGE_TRAINING,
      stage: JUDGE_STAGE,
      method: 'human-preference-model',
      ...judgeWork(train.length, judge.tokens),
    },
    {
      ...of,
      kind: 'examine',
      stage: 'examine',
      method: 'examine-judges',
      read: test.length * judgedTokens(hyperparameters, meanTokens),
    },
  ];
}
