/**
 * One supervised run of an adapter, whatever it learns: epochs of reshuffled batches, one schedule, checkpoints, and the
 * same metrics. What an objective adds is how examples become a batch and what a step says of it.
 */
import { z } from 'zod';
import type { TaskParameters } from '../../shared/api/tasks/kinds.ts';
import { permutation } from '../../shared/random.ts';
import { learningRateMultiplier } from '../tensor/learning-rate.ts';
import { adapterLayout } from '../llama/model/lora-layout.ts';
import type { TrainerOptions } from '../llama/trainer/trainer.ts';
import { groupVector, initialState, type TrainingState } from '../llama/trainer/training-state.ts';
import type { Model } from '../llama/weights/model.ts';
import { adamOf } from './adam-settings.ts';
import { TrainingDivergedError } from './algorithm-error.ts';
import { decodeCheckpoint, encodeCheckpoint, type Work } from './checkpoint.ts';
import type { RunHooks } from './run-hooks.ts';
import { streamOf } from './streams.ts';
import { TRAINING_TENSORS, trainingState, trainingTensors } from './training-checkpoint.ts';

type SupervisedSettings = Omit<TaskParameters<'distill'>, 'batchSize' | 'microbatchSize' | 'promptForm'>;

/** A trainer of one adapter group. */
interface SupervisedTrainer<Row, Step> {
  readonly state: TrainingState;
  step(groups: readonly (readonly Row[])[], learningRates: ArrayLike<number>): Promise<Step>;
  close(): Promise<void>;
}

/** What every step says, before its update. */
interface SupervisedStep {
  readonly loss: number;
  readonly gradientNorms: Float32Array;
}

/** What a batch showed beside its loss. */
interface BatchReport {
  /** Shown beside the loss, under the prefix. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Added up over the last epoch. */
  readonly sums: Readonly<Record<string, number>>;
}

export interface SupervisedObjective<Row, Step extends SupervisedStep> {
  /** Names the checkpoints, and what they may be continued with: examples and settings. */
  readonly work: Work;
  /** Before the names of the metrics. */
  readonly metrics: string;
  /** Examples of one update. */
  readonly batchSize: number;
  /** Sequences that go through the engine together. */
  readonly microbatchRows: number;
  /** Longest sequence in tokens. */
  readonly maximumTime: number;
  /** The adapter before the first step. */
  readonly start: Float32Array;
  readonly open: (options: TrainerOptions) => Promise<SupervisedTrainer<Row, Step>>;
  /** @param examples indices, @param epoch counted from 0 */
  readonly batch: (examples: readonly number[], epoch: number) => Row[];
  readonly report?: (batch: readonly Row[], step: Step) => BatchReport;
}

export interface SupervisedOutcome {
  /** The adapter as the training layout has it. */
  readonly vector: Float32Array;
  readonly steps: number;
  /** Mean over all steps. */
  readonly trainLoss: number;
  /** Sums of the reports of the last epoch. */
  readonly lastEpoch: Readonly<Record<string, number>>;
}

const stateSchema = z.strictObject({ lossSum: z.number(), lastEpoch: z.record(z.string(), z.number()) });

/**
 * Trains to the last step.
 *
 * @param resume bytes of an earlier checkpoint of the same task, or null
 * @throws CheckpointError for a checkpoint of other examples or settings; TrainingDivergedError when the loss is not
 *   finite
 */
export async function supervisedRun<Row, Step extends SupervisedStep>(
  model: Model,
  objective: SupervisedObjective<Row, Step>,
  settings: SupervisedSettings,
  seed: number,
  hooks: RunHooks,
  resume: Uint8Array | null,
): Promise<SupervisedOutcome> {
  const { work, batchSize, metrics: prefix, maximumTime, microbatchRows } = objective;
  const layout = adapterLayout(model.architecture, settings.rank, settings.alpha);
  const stepsPerEpoch = Math.ceil(work.count / batchSize);
  const totalSteps = settings.epochs * stepsPerEpoch;
  const warmupSteps = Math.ceil(settings.warmupShare * totalSteps);
  const schedule = { kind: settings.schedule, warmupSteps, totalSteps };
  const { sums, state } = await startOf(objective, layout.length, resume);
  const trainer = await objective.open({
    trainable: { kind: 'adapters', backend: model.backend, layout, groups: 1 },
    state,
    optimiser: adamOf({ ...settings, epsilonForm: 'corrected' }),
    maximumTime,
    microbatchRows,
  });
  try {
    for (let step = state.step; step < totalSteps; step++) {
      hooks.signal.throwIfAborted();
      const epoch = Math.floor(step / stepsPerEpoch);
      const order = permutation(work.count, seed, streamOf('preference-batches', epoch));
      const first = (step % stepsPerEpoch) * batchSize;
      const batch = objective.batch(Array.from(order.subarray(first, first + batchSize)), epoch);
      const rate = settings.learningRate * learningRateMultiplier(schedule, step);
      const outcome = await trainer.step([batch], [rate]);
      if (!Number.isFinite(outcome.loss)) {
        throw new TrainingDivergedError(
          `the loss of ${work.algorithm} is ${outcome.loss} in step ${step}: lower the learning rate`,
        );
      }
      const report = objective.report?.(batch, outcome) ?? { metrics: {}, sums: {} };
      sums.lossSum += outcome.loss;
      if (epoch === settings.epochs - 1) addTo(sums.lastEpoch, report.sums);
      hooks.metrics(step, {
        [`${prefix}/loss`]: outcome.loss,
        ...Object.fromEntries(
          Object.entries(report.metrics).map(([name, value]) => [`${prefix}/${name}`, value]),
        ),
        [`${prefix}/grad_norm`]: outcome.gradientNorms[0] ?? Number.NaN,
        [`${prefix}/learning_rate`]: rate,
      });
      hooks.progress(step + 1, totalSteps, 'steps');
      if ((step + 1) % settings.checkpointEverySteps === 0 && step + 1 < totalSteps) {
        const tensors = trainingTensors(trainer.state);
        await hooks.checkpoint(
          step + 1,
          await encodeCheckpoint(work, { step: step + 1, state: sums, tensors }),
        );
      }
    }
    return {
      vector: groupVector(trainer.state, 0).slice(),
      steps: totalSteps,
      trainLoss: sums.lossSum / totalSteps,
      lastEpoch: sums.lastEpoch,
    };
  } finally {
    await trainer.close();
  }
}

async function startOf(
  { work, start }: Pick<SupervisedObjective<unknown, SupervisedStep>, 'work' | 'start'>,
  length: number,
  resume: Uint8Array | null,
): Promise<{ sums: z.infer<typeof stateSchema>; state: TrainingState }> {
  if (resume === null) return { sums: { lossSum: 0, lastEpoch: {} }, state: initialState([start]) };
  const { step, state, tensors } = await decodeCheckpoint(work, resume, stateSchema, () => TRAINING_TENSORS);
  return { sums: state, state: trainingState(tensors, { groups: 1, length, step }) };
}

function addTo(sums: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(more)) sums[name] = (sums[name] ?? 0) + value;
}
