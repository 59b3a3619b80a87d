/** How long something waits, and why, in words for people. */
import { NO_RUNNER_ALIVE } from '../../shared/api/tasks.ts';

/** The runners that can take work now. */
export interface Fleet {
  /** Engine version -> runners alive. */
  readonly live: ReadonlyMap<string, number>;
}

interface QueuedTask {
  readonly status: string;
  readonly availableAt: number;
  readonly engineVersion: string;
}

/** @returns null for a task that does not wait */
export function whyTaskWaits(task: QueuedTask, fleet: Fleet, now: number): string | null {
  if (task.status !== 'queued') return null;
  if (task.availableAt > now) {
    return `waits ${Math.ceil((task.availableAt - now) / 1000)} s after a failure, then it is tried again`;
  }
  const able = fleet.live.get(task.engineVersion) ?? 0;
  if (able > 0) return `waits for ${able === 1 ? 'the runner' : `one of ${able} runners`} to be free`;
  const others = [...fleet.live.keys()];
  return others.length === 0
    ? NO_RUNNER_ALIVE
    : `waits for a runner with engine version ${task.engineVersion}; alive are ${others.sort().join(', ')}`;
}

/** @param open the stages before it that have not succeeded */
export function whyStageWaits(open: readonly string[]): string {
  return open.length === 0 ? 'waits to be planned' : `waits for ${open.join(', ')}`;
}

/**
 * When a stage came to be worked at: when its first task was claimed, or as soon as it was ready where that had been done
 * for another experiment before. Null while it waits.
 */
export function startOf(
  { readyAt }: { readonly readyAt: number | null },
  tasks: readonly { readonly startedAt: number | null }[],
): number | null {
  const claims = tasks.flatMap(({ startedAt }) => startedAt ?? []);
  return readyAt === null || claims.length === 0 ? null : Math.max(readyAt, Math.min(...claims));
}
