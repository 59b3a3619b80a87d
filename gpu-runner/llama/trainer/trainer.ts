/** What the trainers share: options, the loaded step, cutting a batch into micro-batches, and its feeds. */
import { vocabularyBlock } from '../../../shared/planner/model-bytes.ts';
import { partTokens } from '../../../shared/planner/step-parts.ts';
import type { Profile } from '../../tensor/profile.ts';
import type { HostTensors, SessionOptions } from '../../tensor/session.ts';
import { scoredCount, type Sequence } from '../model/sequence.ts';
import { type BatchShape, batchShape, type Picks, tokenTensors } from './batch.ts';
import { type Bundles, rowsOf } from './bundles.ts';
import {
  architectureOf,
  groupsOf,
  type GraphOptions,
  type Objective,
  gradientGraph,
  type Trainable,
} from './graphs.ts';
import { tokenMeter } from '../model/token-meter.ts';
import { rotaryFeeds } from '../model/rotary-tables.ts';
import { rowSumPlan, SUM_FAN } from '../model/select-rows.ts';
import type { OptimiserOptions } from './optimiser.ts';
import type { RunLimits } from './like-lengths.ts';
import { Lanes, openGraph } from './lanes.ts';
import { StepRunner } from './step-runner.ts';
import { updateGraph } from './update-graph.ts';
import type { TrainingState } from './training-state.ts';

export interface TrainerOptions {
  readonly trainable: Trainable;
  /** where training starts or resumes */
  readonly state: TrainingState;
  readonly optimiser: OptimiserOptions;
  /** longest sequence in tokens */
  readonly maximumTime: number;
  /** sequences of one group that go through the graph together at the most; larger batches accumulate */
  readonly microbatchRows: number;
  readonly session?: SessionOptions;
}

/** Numbers per group, row and scored token. */
export type TokenNumbers = readonly (readonly Float32Array[])[];

/** How the graphs of a model are built. */
export function graphOptions(trainable: Trainable, maximumTime: number, temperature = 1): GraphOptions {
  return { trainable, maximumTime, blockRows: vocabularyBlock(architectureOf(trainable)), temperature };
}

/** Loads the step of an objective. */
export async function openStep(
  options: TrainerOptions,
  objective: Objective,
  temperature = 1,
): Promise<StepRunner> {
  const { maximumTime, optimiser, session = {}, state } = options;
  const trainable = await readyToTrain(options.trainable);
  const graph = gradientGraph(graphOptions(trainable, maximumTime, temperature), objective);
  const lanes = await Lanes.open(graph, trainable, session);
  const update = await openGraph(updateGraph(trainable, optimiser), trainable, {
    ...session,
    profile: false,
    // An adapter's update is short, and a second thread that waits for the next one takes the gradients' time.
    ...(trainable.kind === 'adapters' && { threads: 1 }),
  });
  return new StepRunner(lanes, update, state);
}

/** What one run of a training step may read. */
export function stepLimits({ trainable, microbatchRows: rows }: TrainerOptions): RunLimits {
  const tokens =
    trainable.kind === 'full' ? partTokens(trainable.architecture) : trainable.backend.partTokens;
  return tokens === undefined ? { rows } : { rows, tokens };
}

async function readyToTrain(trainable: Trainable): Promise<Trainable> {
  if (trainable.kind === 'full') return trainable;
  return { ...trainable, backend: await trainable.backend.forTraining() };
}

/** A loaded training step with its state; the objectives derive from it. */
export class Trainer {
  protected readonly options: TrainerOptions;
  protected readonly runner: StepRunner;

  protected constructor(options: TrainerOptions, runner: StepRunner) {
    this.options = options;
    this.runner = runner;
  }

  /** The current state. Its arrays are written again two steps later: copy or encode what must stay. */
  get state(): TrainingState {
    return this.runner.state;
  }

  /** Continues from another state of the same shape. @throws RangeError if the shape differs */
  restore(state: TrainingState): void {
    this.runner.restore(state);
  }

  /** Where the time of all steps went, if the session was opened to profile. */
  async profile(): Promise<Profile> {
    return await this.runner.profile();
  }

  /** Frees the engine's memory of the model. */
  async close(): Promise<void> {
    await this.runner.close();
  }
}

/** Tokens of a batch as feeds, counted as work, with the plan of the embedding's gradient where it is trained. */
export function tokenFeeds(
  groups: Bundles,
  trainable: Trainable,
  maximumTime: number,
  forGradient: boolean,
): { readonly shape: BatchShape; readonly feeds: HostTensors } {
  const architecture = architectureOf(trainable);
  const { padToken, vocabularySize } = architecture;
  const shape = batchShape(groups, maximumTime);
  const tables = rotaryFeeds(architecture, maximumTime, Math.min(maximumTime, shape.prefix + shape.own));
  const tensors = tokenTensors(groups, shape, padToken, vocabularySize);
  const feeds = { ...tensors, ...tables };
  for (const sequence of rowsOf(groups).flat()) {
    tokenMeter[forGradient ? 'trained' : 'scored'] += sequence.tokens.length;
  }
  if (trainable.kind === 'adapters' || !forGradient) return { shape, feeds };
  const { levels, inverse } = rowSumPlan(Array.from(tensors.tokens.data, Number), vocabularySize);
  const plans = levels.map((data, level) => {
    const dimensions = [data.length / SUM_FAN, SUM_FAN];
    return [`embeddingSums${level}`, { dtype: 'int64' as const, shape: dimensions, data }] as const;
  });
  const embeddingInverse = { dtype: 'int64' as const, shape: [vocabularySize], data: inverse };
  return { shape, feeds: { ...feeds, ...Object.fromEntries(plans), embeddingInverse } };
}

/** Index and inverse feeds of picks under a name. */
export function pickFeeds(name: 'token' | 'scalar', picks: Picks, forGradient: boolean): HostTensors {
  return {
    [`${name}Index`]: picks.index(),
    ...(forGradient ? { [`${name}Inverse`]: picks.inverse() } : {}),
  };
}

/** For each group, 1 / (sum of its rows' weights): what makes a weighted sum over the whole batch a mean. */
export function meanFactors<Row>(
  groups: readonly (readonly Row[])[],
  weight: (row: Row) => number,
): number[] {
  return groups.map((rows) => {
    const total = rows.reduce((sum, row) => sum + weight(row), 0);
    return total > 0 ? 1 / total : 0;
  });
}

/** @throws RangeError unless there are rows for every trained group */
export function assertGroups(groups: readonly unknown[], trainable: Trainable): void {
  if (groups.length !== groupsOf(trainable)) {
    throw new RangeError(`${groups.length} groups of rows for ${groupsOf(trainable)} trained groups`);
  }
}

/** Sum of a row's weights: its own, or 1 for every scored token. */
export function rowWeight(row: Sequence & { readonly weights?: ArrayLike<number> }): number {
  const count = scoredCount(row);
  if (row.weights === undefined) return count;
  if (row.weights.length !== count) {
    throw new RangeError(`A row scores ${count} tokens but has ${row.weights.length} weights`);
  }
  return Array.from(row.weights).reduce((sum, weight) => sum + weight, 0);
}
