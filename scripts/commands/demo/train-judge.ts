/** The judge that `--judge` asks for: a preference model of people's pairs, trained before the policy is begun. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Hyperparameters } from '../../../shared/api/tasks/kinds.ts';
import { JUDGE_STAGE } from '../../../shared/planner/judge-sizes.ts';
import type { PromptForm } from '../../../shared/principles/principle.ts';
import type { ExperimentDetail } from '../../experiment/detail.ts';
import type { EndedStage } from '../../experiment/follow.ts';
import { judgeKey, type JudgePairs } from '../../experiment/judge-pairs.ts';
import { JUDGE_TRAINING, type JudgeFigures } from '../../experiment/people-judge.ts';
import { percentWithInterval } from '../../../shared/report/figures.ts';

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

/** The judge's training as a stage among those of the run. */
export function judgeStage({ stages }: ExperimentDetail, { heldOut }: JudgeFigures): EndedStage {
  return {
    name: JUDGE_STAGE,
    worked: stages[0]?.runnerSeconds ?? 0,
    detail: `${percentWithInterval(heldOut.accuracy, heldOut.interval)} of ${heldOut.n} held-out pairs right`,
  };
}

/** The judges of the alignment: this one, whose verdict comes first, and the lexicon. */
export function judgesWith({ artifact }: JudgeFigures): NonNullable<Hyperparameters['judge']>['judges'] {
  return [{ kind: 'preference-model', artifact }, 'sentiment'];
}

/** What the judge's only stage is called in the run. */
export const JUDGE_NAMES: Readonly<Record<string, string>> = { [JUDGE_TRAINING]: JUDGE_STAGE };
