/** An experiment for one of its stages alone: made, waited for, read and removed again. Any runner does it. */
import type { Client } from '../../../shared/api/client.ts';
import { UserError } from '../../../shared/user-error.ts';
import type { ExperimentDetail } from './types.ts';

const ASK_EVERY_MILLISECONDS = 700;

/** The stage ended without what it was begun for; the message says why. */
export class StageFailedError extends UserError {
  override readonly name = 'StageFailedError';
  override readonly code = 'stage-failed';
}

interface PassingExperiment<Result> {
  readonly body: Parameters<Client['createExperiment']>[0]['body'];
  /** The stage that is waited for. */
  readonly stage: string;
  /** What is wanted of it, before it is gone. */
  readonly read: (experiment: ExperimentDetail) => Promise<Result> | Result;
}

/**
 * @param onProgress told what it waits for
 * @throws StageFailedError, ApiError, or the signal's reason; the experiment is removed in any case
 */
export async function inPassing<Result>(
  client: Client,
  { body, stage, read }: PassingExperiment<Result>,
  onProgress: (text: string) => void,
  signal: AbortSignal,
): Promise<Result> {
  const { id: experimentId } = await client.createExperiment({ body });
  const parameters = { experimentId };
  try {
    return await read(await untilSucceeded(client, experimentId, stage, onProgress, signal));
  } finally {
    await client.cancelExperiment({ parameters });
    await client.deleteExperiment({ parameters });
  }
}

async function untilSucceeded(
  client: Client,
  experimentId: string,
  name: string,
  onProgress: (text: string) => void,
  signal: AbortSignal,
): Promise<ExperimentDetail> {
  for (;;) {
    signal.throwIfAborted();
    const experiment = await client.getExperiment({ parameters: { experimentId } }, { signal });
    const stage = experiment.stages.find((one) => one.name === name);
    if (stage?.status === 'succeeded') return experiment;
    if (!stage || stage.status === 'failed' || stage.status === 'cancelled') {
      throw new StageFailedError(await whyFailed(client, experiment, name));
    }
    const [task] = stage.tasks;
    onProgress(
      task?.status === 'leased'
        ? `A runner works at it${task.progress?.message ? `: ${task.progress.message}` : ''}.`
        : (task?.waitsFor ?? 'Waiting.'),
    );
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MILLISECONDS));
  }
}

async function whyFailed(
  client: Client,
  { stages, statusReason }: ExperimentDetail,
  name: string,
): Promise<string> {
  const task = stages.find((stage) => stage.name === name)?.tasks[0];
  const last = task && (await client.getTask({ parameters: { taskId: task.id } })).failures.at(-1);
  return last?.message ?? statusReason ?? 'It was cancelled.';
}
