/** What a task whose model is served elsewhere has at hand. */
import type { ClaimedTask } from '../../../shared/api/tasks.ts';
import type { TaskKind } from '../../../shared/api/tasks/kinds.ts';
import type { RunHooks } from '../../algorithms/run-hooks.ts';
import type { TaskContext } from '../task-context.ts';
import type { AskedServer } from './ask-server.ts';

export interface ServedContext<Kind extends TaskKind> extends Pick<TaskContext<Kind>, 'artifacts'> {
  readonly task: Extract<ClaimedTask, { kind: Kind }>;
  readonly server: AskedServer;
  readonly protocol: 'completions' | 'chat';
  /** Their checkpoints do nothing: the answers themselves are what is kept, and the rest follows from them. */
  readonly hooks: RunHooks;
  /** Questions that the algorithm asks together. */
  readonly batchSize: number;
}

/** Where an algorithm never saves itself. */
export const NO_CHECKPOINTS = Number.MAX_SAFE_INTEGER;
