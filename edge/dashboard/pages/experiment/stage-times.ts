/** How long stages waited for a runner, how long runners worked at them, and when they end by the clock. */
import { stageEnds, type StageEnds, type StageState } from '../../../../shared/planner/stage-ends.ts';
import type { Stage } from '../../app/types.ts';
import { stateOf } from './stage-state.ts';

interface StageTimes {
  /** Seconds from when its tasks might be taken until one was; undefined before they might. */
  readonly waited: number | undefined;
  /** Seconds of runners, over all its tasks; undefined before one was taken. */
  readonly worked: number | undefined;
}

type Timed = Pick<
  Stage,
  'name' | 'status' | 'progress' | 'plannedSeconds' | 'startedAt' | 'finishedAt' | 'tasks'
>;

/** When the first of its tasks was taken; null before one was. */
function claimedAtOf({ tasks }: Pick<Stage, 'tasks'>): number | null {
  const claims = tasks.flatMap((task) => task.startedAt ?? []);
  return claims.length === 0 ? null : Math.min(...claims);
}

/** @param now milliseconds since the epoch */
export function timesOf(stage: Timed, now: number): StageTimes {
  const { startedAt, finishedAt, tasks } = stage;
  const claimedAt = claimedAtOf(stage);
  return {
    // Work that is shared with an earlier experiment began before this one asked for it.
    waited: startedAt === null ? undefined : Math.max(0, (claimedAt ?? finishedAt ?? now) - startedAt) / 1000,
    worked: claimedAt === null ? undefined : tasks.reduce((sum, { runnerSeconds }) => sum + runnerSeconds, 0),
  };
}

/**
 * When each stage ends, and all of them: by plan and pace where a plan is known, else each stage that runs by its own pace
 * alone. Nobody can say it while no runner works.
 *
 * @param now milliseconds since the epoch
 */
export function endsOf(stages: readonly Timed[], now: number): Pick<StageEnds, 'ends' | 'end'> {
  const states = stages.map(workOf);
  if (!states.some(({ status }) => status === 'running')) return { ends: stages.map(() => null), end: null };
  const planned = Object.fromEntries(
    stages.flatMap(({ name, plannedSeconds }) => (plannedSeconds === null ? [] : [[name, plannedSeconds]])),
  );
  if (Object.keys(planned).length > 0) {
    const { ends, end } = stageEnds(states, planned, now);
    return { ends, end };
  }
  const ends = states.map((state) =>
    state.status === 'running' ? stageEnds([state], undefined, now).end : null,
  );
  return { ends, end: null };
}

/** A stage that is open but that nobody works at waits. */
function workOf(stage: Timed): StageState {
  const { name, progress: share, finishedAt } = stage;
  const state = stateOf(stage);
  return {
    name,
    status: state === 'queued' ? 'waiting' : state,
    share,
    startedAt: claimedAtOf(stage),
    finishedAt,
  };
}
