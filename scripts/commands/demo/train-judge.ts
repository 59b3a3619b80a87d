/** The judge that `--judge` asks for: a preference model of people's pairs, trained before the policy is begun. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Client } from '../../../shared/api/client.ts';
import type { Hyperparameters } from '../../../shared/api/tasks/kinds.ts';
import { trainPreferenceModelResult } from '../../../shared/api/tasks/train-preference-model.ts';
import { JUDGE_STAGE, judgeSettings } from '../../../shared/planner/judge-sizes.ts';
import type { PromptForm } from '../../../shared/principles/principle.ts';
import type { ExperimentDetail } from '../../experiment/detail.ts';
import { ensureExperiment } from '../../experiment/experiments.ts';
import type { EndedStage } from '../../experiment/follow.ts';
import { judgeKey, judgeUpload, type JudgePairs } from '../../experiment/judge-pairs.ts';
import { ensurePrompts } from '../../experiment/prompts.ts';
import { percentWithInterval } from '../../../shared/report/figures.ts';

/** One judge for every seed of a run, so that their verdicts are one judge's. */
const JUDGE_SEED = 1;
const STAGE = 'train-preference-model';

const remembered = z.object({ pairs: z.int().positive() });

interface JudgeIdentity {
  readonly judge: JudgePairs;
  readonly model: { readonly name: string };
  readonly form: PromptForm;
  readonly folder: string;
}

const fileOf = ({ judge, model, form, folder }: JudgeIdentity) =>
  join(folder, `judge-${judgeKey(judge, model, form)}.json`);

/** On how many of the pairs a former run in the folder has trained the judge; undefined where none has. */
export async function trainedBefore(identity: JudgeIdentity): Promise<number | undefined> {
  const file = fileOf(identity);
  return existsSync(file) ? remembered.parse(JSON.parse(await readFile(file, 'utf8'))).pairs : undefined;
}

/** Keeps it for the next run in the folder. */
export async function rememberJudge(identity: JudgeIdentity, pairs: number): Promise<void> {
  await writeFile(fileOf(identity), JSON.stringify({ pairs }));
}

interface JudgeOrder {
  readonly judge: JudgePairs;
  /** On how many of them it is trained. */
  readonly pairs: number;
  readonly principle: { readonly name: string; readonly version: number };
  readonly baseModel: string;
  readonly form: PromptForm;
}

/** Uploads the pairs and begins the training, or finds what a former run in the same folder made. */
export async function submitJudge(client: Client, { judge, pairs, ...body }: JudgeOrder) {
  const promptSet = await ensurePrompts(client, judgeUpload(judge, pairs));
  const experimentId = await ensureExperiment(client, {
    ...body,
    method: 'human-preference-model',
    promptSet: promptSet.id,
    seed: JUDGE_SEED,
    hyperparameters: judgeSettings(pairs),
  });
  return { experimentId, pairsSha256: promptSet.contentSha256 };
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
  const { trainPairs, heldOut } = trainPreferenceModelResult.parse(experiment.results[STAGE]?.[0]);
  const { n, accuracy, interval, lengthOnlyAccuracy } = heldOut;
  return { artifact: output.sha256, trainPairs, heldOut: { n, accuracy, interval, lengthOnlyAccuracy } };
}

/** The judge's training as a stage among those of the run. */
export function judgeStage({ stages }: ExperimentDetail, { heldOut }: JudgeFigures): EndedStage {
  const { startedAt = null, finishedAt = null } = stages[0] ?? {};
  return {
    name: JUDGE_STAGE,
    startedAt,
    finishedAt,
    detail: `${percentWithInterval(heldOut.accuracy, heldOut.interval)} of ${heldOut.n} held-out pairs right`,
  };
}

/** The judges of the alignment: this one, whose verdict comes first, and the lexicon. */
export function judgesWith({ artifact }: JudgeFigures): NonNullable<Hyperparameters['judge']>['judges'] {
  return [{ kind: 'preference-model', artifact }, 'sentiment'];
}

/** What the judge's only stage is called in the run. */
export const JUDGE_NAMES: Readonly<Record<string, string>> = { [STAGE]: JUDGE_STAGE };
