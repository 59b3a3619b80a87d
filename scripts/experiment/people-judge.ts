/** A preference model of people's pairs that judges: its training, and what it is worth. */
import type { z } from 'zod';
import type { Client } from '../../shared/api/client.ts';
import { trainPreferenceModelResult } from '../../shared/api/tasks/train-preference-model.ts';
import { judgeSettings } from '../../shared/planner/judge-sizes.ts';
import type { PromptForm } from '../../shared/principles/principle.ts';
import type { ExperimentDetail } from './detail.ts';
import { ensureExperiment } from './experiments.ts';
import { judgeUpload, type JudgeCounts, type JudgePairs } from './judge-pairs.ts';
import { ensurePrompts } from './prompts.ts';

/** One judge for every seed of a run, so that their verdicts are one judge's. */
export const JUDGE_SEED = 1;
/** Its experiment's only stage. */
export const JUDGE_TRAINING = 'train-preference-model' as const;

interface JudgeOrder {
  readonly judge: JudgePairs;
  readonly counts: JudgeCounts;
  readonly principle: { readonly name: string; readonly version: number };
  readonly baseModel: string;
  readonly form: PromptForm;
}

/** Uploads the pairs and begins the training, or finds what a former run in the same folder made. */
export async function submitJudge(client: Client, { judge, counts, ...body }: JudgeOrder) {
  const { trained, ...upload } = judgeUpload(judge, counts);
  const promptSet = await ensurePrompts(client, upload);
  const experimentId = await ensureExperiment(client, {
    ...body,
    method: 'human-preference-model',
    promptSet: promptSet.id,
    seed: JUDGE_SEED,
    hyperparameters: judgeSettings(trained),
  });
  return { experimentId, promptSet };
}

/** What a result tells of a judge. */
export interface JudgeFigures {
  /** SHA-256 of the preference model. */
  readonly artifact: string;
  readonly trainPairs: number;
  /** Pairs that it was not trained on: on how many it prefers what people chose. */
  readonly heldOut: {
    readonly n: number;
    readonly accuracy: number;
    readonly interval: z.output<typeof trainPreferenceModelResult>['heldOut']['interval'];
    /** On how many people chose the longer side; null where a run of before that was measured has trained it. */
    readonly lengthOnlyAccuracy: number | null;
  };
}

/** @param experiment that has succeeded */
export async function judgeFigures(client: Client, experiment: ExperimentDetail): Promise<JudgeFigures> {
  const { tasks } = await client.getLineage({ parameters: { experimentId: experiment.id } });
  const [output] = tasks.flatMap(({ outputs }) => outputs);
  if (output === undefined) throw new Error(`the experiment ${experiment.name} has made no preference model`);
  const { trainPairs, heldOut } = trainPreferenceModelResult.parse(experiment.results[JUDGE_TRAINING]?.[0]);
  const { n, accuracy, interval, lengthOnlyAccuracy } = heldOut;
  return { artifact: output.sha256, trainPairs, heldOut: { n, accuracy, interval, lengthOnlyAccuracy } };
}
