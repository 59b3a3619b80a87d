/** When stages end: by plan at first, and by their own pace as they go, in order. */

/** A stage as far as it is. */
export interface StageState {
  readonly name: string;
  readonly status: 'waiting' | 'running' | 'succeeded' | 'failed' | 'cancelled';
  /** 0 to 1. */
  readonly share: number;
  /** That runners have worked at it: what a stopped run stands still is none of it. 0 for what was found done. */
  readonly worked: number;
  /** Working at it now. */
  readonly runners: number;
}

/** Seconds by stage. */
export type PlannedSeconds = Readonly<Record<string, number>>;

export interface StageEnds {
  /** Of each stage, in order; null where nobody can say, or it has ended. */
  readonly ends: readonly (number | null)[];
  /** Share of all work, weighed by the plan; null without one. */
  readonly share: number | null;
  readonly end: number | null;
}

/** Below this share a stage's own pace says little. */
const LEAST_SHARE = 0.02;
/** Share from which on its own pace alone counts. */
const SURE_SHARE = 0.5;
/** How far the machine may be off the plan before it is no longer believed. */
const SLOWEST = 5;

/** @param planned seconds of one runner; undefined: each stage by its own pace alone @param now milliseconds since the epoch */
export function stageEnds(
  stages: readonly StageState[],
  planned: PlannedSeconds | undefined,
  now: number,
): StageEnds {
  // As planned before anything is done.
  const pace = paceOf(stages, planned) ?? 1;
  return endsAtPace(stages, planned, Math.min(SLOWEST, Math.max(1 / SLOWEST, pace)), now);
}

/**
 * Where nobody knows how fast the machine is: as {@link stageEnds}, once a stage has gone far enough to show it.
 *
 * @param weights of the stages beside each other, in any unit
 */
export function stageEndsByWeight(
  stages: readonly StageState[],
  weights: PlannedSeconds,
  now: number,
): StageEnds {
  return endsAtPace(stages, weights, paceOf(stages, weights), now);
}

function endsAtPace(
  stages: readonly StageState[],
  planned: PlannedSeconds | undefined,
  pace: number | null,
  now: number,
): StageEnds {
  let end: number | null = now;
  const ends = stages.map((stage) => {
    if (stage.status !== 'running' && stage.status !== 'waiting') return null;
    const left = secondsLeft(stage, planned?.[stage.name], pace);
    // What waits comes after what runs: without an end of that one there is none of this.
    end = end === null || left === null ? null : end + 1000 * left;
    return end;
  });
  return { ends, share: plannedShare(stages, planned), end };
}

/** Seconds of work for each planned one of what is done; null before anything is. */
function paceOf(stages: readonly StageState[], planned: PlannedSeconds | undefined): number | null {
  let [passed, done] = [0, 0];
  for (const { name, share, worked } of stages) {
    const seconds = planned?.[name] ?? 0;
    if (seconds <= 0 || worked <= 0 || share < LEAST_SHARE) continue;
    passed += worked;
    done += seconds * share;
  }
  return done === 0 ? null : passed / done;
}

function secondsLeft(
  { status, share, worked, runners }: StageState,
  seconds: number | undefined,
  pace: number | null,
): number | null {
  const byPlan = seconds === undefined || pace === null ? null : seconds * pace;
  const together = Math.max(1, runners);
  if (status === 'waiting' || worked <= 0 || share < LEAST_SHARE) {
    return byPlan === null ? null : (byPlan * (1 - share)) / together;
  }
  const own = worked / share;
  const sure = byPlan === null ? 1 : Math.min(1, share / SURE_SHARE);
  return ((1 - share) * (sure * own + (1 - sure) * (byPlan ?? 0))) / together;
}

function plannedShare(stages: readonly StageState[], planned: PlannedSeconds | undefined): number | null {
  if (planned === undefined) return null;
  const weight = ({ name }: StageState) => planned[name] ?? 0;
  const all = stages.reduce((sum, stage) => sum + weight(stage), 0);
  const done = stages.reduce((sum, stage) => sum + weight(stage) * stage.share, 0);
  return all === 0 ? null : done / all;
}
