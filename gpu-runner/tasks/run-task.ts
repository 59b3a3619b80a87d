/** Runs a task of any kind. */
import type { ClaimedTask } from '../../shared/api/tasks.ts';
import type { TaskKind } from '../../shared/api/tasks/kinds.ts';
import { runBestOfN } from './best-of-n.ts';
import { runDistill } from './distill.ts';
import { runDpo } from './dpo.ts';
import { runExamine } from './examine.ts';
import { runExport } from './export.ts';
import { runFrontier } from './frontier.ts';
import { runTrajectory } from './trajectory.ts';
import { runGenerate } from './generate.ts';
import { runJudge } from './judge.ts';
import { runLabel } from './label.ts';
import { runLook } from './look.ts';
import { runPpo } from './ppo.ts';
import { runSelect } from './select.ts';
import { runSimulate } from './simulate.ts';
import { inForm } from './in-form.ts';
import type { TaskContext, TaskOutcome, TaskRun } from './task-context.ts';
import { runTrainPreferenceModel } from './train-preference-model.ts';
import { runTrainScorer } from './train-scorer.ts';

const RUNS: { readonly [Kind in TaskKind]: TaskRun<Kind> } = {
  simulate: runSimulate,
  label: runLabel,
  'train-preference-model': runTrainPreferenceModel,
  ppo: runPpo,
  select: runSelect,
  distill: runDistill,
  dpo: runDpo,
  generate: runGenerate,
  'best-of-n': runBestOfN,
  judge: runJudge,
  'train-scorer': runTrainScorer,
  frontier: runFrontier,
  trajectory: runTrajectory,
  examine: runExamine,
  look: runLook,
  export: runExport,
};

/** Runs the task. @throws UserError for what a person can mend, the signal's reason where it is aborted */
export async function runTask<Kind extends TaskKind>(
  kind: Kind,
  context: TaskContext<Kind>,
): Promise<TaskOutcome<Kind>> {
  const run: TaskRun<Kind> = RUNS[kind];
  const { parameters }: Pick<ClaimedTask, 'parameters'> = context.task;
  if (!('promptForm' in parameters)) return await run(context);
  return await run({ ...context, model: await inForm(context.model, parameters.promptForm) });
}
