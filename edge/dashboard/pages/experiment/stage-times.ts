/** How long a stage waited for a runner, how long runners worked at it, and when it ends by the clock. */
import { stageEnds } from '../../../../shared/planner/stage-ends.ts';
import type { Stage } from '../../app/types.ts';
import { stateOf } from './stage-state.ts';

interface StageTimes {
  /** Seconds from when its tasks might be taken until one was; undefined before they might. */
  readonly waited: number | undefined;
  /** Seconds of runners, over all its tasks; undefined before one was taken. */
  readonly worked: number | undefined;
  /** By its own pace, milliseconds since the epoch; null while nobody works at it, or too little is done. */
  readonly endsAt: number | null;
}

type Timed = Pick<Stage, 'name' | 'status' | 'progress' | 'startedAt' | 'finishedAt' | 'tasks'>;

/** @param now milliseconds since the epoch */
export function timesOf(stage: Timed, now: number): StageTimes {
  const { name, progress: share, startedAt, finishedAt, tasks } = stage;
  const claims = tasks.flatMap((task) => task.startedAt ?? []);
  const claimedAt = claims.length === 0 ? null : Math.min(...claims);
  const working = { name, status: 'running', share, startedAt: claimedAt, finishedAt: null } as const;
  return {
    // Work that is shared with an earlier experiment began before this one asked for it.
    waited: startedAt === null ? undefined : Math.max(0, (claimedAt ?? finishedAt ?? now) - startedAt) / 1000,
    worked: claimedAt === null ? undefined : tasks.reduce((sum, { runnerSeconds }) => sum + runnerSeconds, 0),
    endsAt: stateOf(stage) === 'running' ? stageEnds([working], undefined, now).end : null,
  };
}
