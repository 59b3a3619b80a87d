/** An experiment as the rules see it: its stages with their plans, their tasks, and how far each is. */
import type { STAGE_STATUSES, TASK_STATUSES } from '../../shared/api/words.ts';
import type { Method } from '../../shared/method-stages.ts';
import type { ArtifactReference, TaskBaseModel, TaskPrinciple } from './task-key.ts';

export type StageStatus = (typeof STAGE_STATUSES)[number];
type TaskStatus = (typeof TASK_STATUSES)[number];

/** A task as the planner sees it. */
export interface PlannedTask {
  readonly id: string;
  readonly status: TaskStatus;
  readonly outputs: readonly (ArtifactReference & { readonly name: string })[];
  /** Of its last failure; null where it had none. */
  readonly failure: string | null;
}

/** What a stage was planned with when its experiment was made. */
export interface StagePlan {
  /** Complete, of the stage's kind. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** The prompts of its split; null where it reads none. */
  readonly prompts: ArtifactReference | null;
  /** What it is planned to take; absent where nobody said. */
  readonly plannedSeconds?: number;
  /** How much of the experiment it is beside the others, by its tokens; absent in those of before. */
  readonly weight?: number;
}

export interface StageState extends StagePlan {
  readonly id: string;
  readonly name: string;
  readonly status: StageStatus;
  /** By shard; empty before it was planned. */
  readonly tasks: readonly PlannedTask[];
}

export interface ExperimentState {
  readonly id: string;
  readonly method: Method;
  readonly seed: number;
  readonly shards: number;
  readonly principle: TaskPrinciple;
  readonly baseModel: TaskBaseModel;
  /** What simulates and labels: the base model, unless the experiment names another. */
  readonly simulator: TaskBaseModel;
  /** In the order of the method's table. */
  readonly stages: readonly StageState[];
}
