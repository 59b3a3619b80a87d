/** Runs a task of any kind, and says what an error means for its lease. */
import type { TaskKind } from '../../shared/api/tasks/kinds.ts';
import { UserError } from '../../shared/user-error.ts';
import { runBestOfN } from './best-of-n.ts';
import { runDistill } from './distill.ts';
import { runDpo } from './dpo.ts';
import { runGenerate } from './generate.ts';
import { runJudge } from './judge.ts';
import { runLabel } from './label.ts';
import { runPpo } from './ppo.ts';
import { runSelect } from './select.ts';
import { runSimulate } from './simulate.ts';
import type { TaskContext, TaskOutcome, TaskRun } from './task-context.ts';
import { runTrainPreferenceModel } from './train-preference-model.ts';
import { runTrainScorer } from './train-scorer.ts';
import { messageOf } from '../../shared/caught.ts';

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
};

/** Runs the task. @throws what {@link describeFailure} describes */
export async function runTask<Kind extends TaskKind>(
  kind: Kind,
  context: TaskContext<Kind>,
): Promise<TaskOutcome<Kind>> {
  const run: TaskRun<Kind> = RUNS[kind];
  return await run(context);
}

/** Why a task failed, as the edge keeps it. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly cure?: string;
  /** Whether the same task may succeed when it is tried again. */
  readonly retryable: boolean;
}

const MAXIMUM_MESSAGE = 4000;

/** An error as a failure: what a person can mend says itself whether to try again, what is not foreseen is tried again. */
export function describeFailure(error: unknown): Failure {
  const message = messageOf(error).slice(0, MAXIMUM_MESSAGE) || 'no message';
  if (!(error instanceof UserError)) return { code: 'unexpected', message, retryable: true };
  const { code, cure, retryable } = error;
  return { code, message, ...(cure === undefined ? {} : { cure }), retryable };
}
