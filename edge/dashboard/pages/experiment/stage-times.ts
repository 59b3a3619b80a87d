/** How long stages waited for a runner, how long runners worked at them, and when they end by the clock. */
import {
  stageEnds,
  stageEndsByWeight,
  type StageEnds,
  type StageState,
} from '../../../../shared/planner/stage-ends.ts';
import type { Stage } from '../../app/types.ts';
import { stateOf } from './stage-state.ts';

interface StageTimes {
  /** Seconds from when its tasks might be taken until one was; undefined before they might. */
  readonly waited: number | undefined;
  /** Seconds of runners at what this experiment asked for; undefined before a task was taken. */
  readonly worked: number | undefined;
}

type Timed = Pick<
  Stage,
  | 'name'
  | 'status'
  | 'progress'
  | 'plannedSeconds'
  | 'weight'
  | 'readyAt'
  | 'startedAt'
  | 'finishedAt'
  | 'runnerSeconds'
  | 'tasks'
>;

/** @param now milliseconds since the epoch */
export function timesOf(stage: Timed, now: number): StageTimes {
  const { readyAt, startedAt, finishedAt, runnerSeconds } = stage;
  return {
    waited: readyAt === null ? undefined : ((startedAt ?? finishedAt ?? now) - readyAt) / 1000,
    worked: startedAt === null ? undefined : runnerSeconds,
  };
}

/**
 * When each stage ends, and all of them: by plan and pace where a plan is known, else by weight and pace, once one shows.
 * Nobody can say it while no runner works.
 *
 * @param now milliseconds since the epoch
 */
export function endsOf(stages: readonly Timed[], now: number): Pick<StageEnds, 'ends' | 'end'> {
  const states = stages.map(workOf);
  if (!states.some(({ status }) => status === 'running')) return { ends: stages.map(() => null), end: null };
  const planned = Object.fromEntries(
    stages.flatMap(({ name, plannedSeconds }) => (plannedSeconds === null ? [] : [[name, plannedSeconds]])),
  );
  const { ends, end } =
    Object.keys(planned).length > 0
      ? stageEnds(states, planned, now)
      : stageEndsByWeight(states, Object.fromEntries(stages.map(({ name, weight }) => [name, weight])), now);
  return { ends, end };
}

/** A stage that is open but that nobody works at waits. */
function workOf(stage: Timed): StageState {
  const { name, progress: share, runnerSeconds: worked, tasks } = stage;
  const state = stateOf(stage);
  return {
    name,
    status: state === 'queued' ? 'waiting' : state,
    share,
    worked,
    runners: tasks.filter(({ status }) => status === 'leased').length,
  };
}
