/** Runs a task whose model is served elsewhere: it simulates or labels; nothing of it is opened here. */
import type { ServedModel } from '../../../shared/api/served-model.ts';
import type { ClaimedTask } from '../../../shared/api/tasks.ts';
import type { TaskKind } from '../../../shared/api/tasks/kinds.ts';
import type { RunHooks } from '../../algorithms/run-hooks.ts';
import { servedHosts } from '../../served-model/served-hosts.ts';
import { TaskInputError, type TaskContext, type TaskOutcome } from '../task-context.ts';
import { AskedServer } from './ask-server.ts';
import { KeptAnswers } from './kept-answers.ts';
import { labelServed } from './label-served.ts';
import { simulateServed } from './simulate-served.ts';

/** Batches of an algorithm, in questions that are under way at a time: few enough that progress is seen. */
const BATCHES = 4;

interface RunnerSide extends Pick<TaskContext<TaskKind>, 'artifacts' | 'hooks' | 'resume'> {
  /** Where answers are kept. */
  readonly cacheDirectory: string;
}

/**
 * @throws ServerNotAllowedError, TaskInputError for a kind that needs weights, as `postJson`
 */
export async function runServedTask(
  task: ClaimedTask,
  served: ServedModel,
  { artifacts, hooks, resume, cacheDirectory }: RunnerSide,
): Promise<TaskOutcome<TaskKind>> {
  if (task.kind !== 'simulate' && task.kind !== 'label') {
    throw new TaskInputError(
      `${task.kind} needs the weights of ${task.baseModel.name}, which is served elsewhere: name a base model that ` +
        'runners open, and this one as simulator',
    );
  }
  const { concurrency, endpointOf } = servedHosts(process.env);
  const endpoint = endpointOf(served.url);
  const kept = await KeptAnswers.open(task, cacheDirectory, hooks, resume);
  try {
    let told: Parameters<RunHooks['progress']> | undefined;
    const progress: RunHooks['progress'] = (done, total, unit) => {
      told = [done, total, unit, server.describe()];
      hooks.progress(...told);
    };
    const onAnswer = () => told && progress(...told);
    const server = new AskedServer({ endpoint, model: served, concurrency, kept, onAnswer });
    const context = {
      artifacts,
      server,
      protocol: served.protocol,
      hooks: { ...hooks, progress, checkpoint: async () => undefined },
      batchSize: BATCHES * concurrency,
    };
    return task.kind === 'simulate'
      ? await simulateServed({ task, ...context })
      : await labelServed({ task, ...context });
  } finally {
    await kept.close();
  }
}
