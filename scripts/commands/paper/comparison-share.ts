/** How much of a comparison is done, and when the rest is: by what its tasks weigh, and the pace of this run. */
import { WEIGHT_RATES } from '../../../shared/planner/stage-weights.ts';
import { secondsOf } from '../../../shared/planner/seconds.ts';
import { comparisonWork, type Comparison } from '../../../shared/planner/work.ts';
import type { OverallView } from '../../terminal/progress.ts';

/** What a stage of an experiment weighs; a task that several share stands with the first of them. */
export interface WeighedStage {
  /** In the order in which experiments are begun: all methods of a seed, then the next. */
  readonly experiment: number;
  readonly stage: string;
  readonly weight: number;
}

/** Share of its work from which on a run's own pace is believed. */
const LEAST_SHARE = 0.005;

export function weighedStages(comparison: Comparison): WeighedStage[] {
  const { methods, seeds } = comparison;
  return comparisonWork(comparison).map((task) => ({
    experiment: seeds.indexOf(task.seed) * methods.length + methods.indexOf(task.method),
    stage: task.stage,
    weight: secondsOf(task, WEIGHT_RATES, 1),
  }));
}

/** Tells it each time that the stages are looked at. */
export class ComparisonShare {
  readonly #stages: readonly WeighedStage[];
  readonly #all: number;
  #first: { readonly done: number; readonly at: number } | undefined;

  constructor(stages: readonly WeighedStage[]) {
    this.#stages = stages;
    this.#all = stages.reduce((sum, { weight }) => sum + weight, 0);
  }

  /**
   * @param shareOf a stage of an experiment, 0 to 1
   * @param now milliseconds since the epoch
   * @returns undefined where nothing weighs anything
   */
  at(shareOf: (experiment: number, stage: string) => number, now: number): OverallView | undefined {
    if (this.#all === 0) return undefined;
    const done = this.#stages.reduce(
      (sum, { experiment, stage, weight }) => sum + weight * shareOf(experiment, stage),
      0,
    );
    // What an earlier run in the folder did says nothing of the pace of this one, nor what it told beyond its checkpoints.
    if (this.#first === undefined || done < this.#first.done) this.#first = { done, at: now };
    const own = done - this.#first.done;
    const sure = own >= LEAST_SHARE * this.#all;
    const left = ((now - this.#first.at) * (this.#all - done)) / own;
    return { share: done / this.#all, endsAt: sure ? now + left : null };
  }
}
