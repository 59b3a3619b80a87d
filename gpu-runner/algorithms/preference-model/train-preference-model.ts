/** Training the preference model: an adapter and a scalar head by pairwise loss with soft targets (paper, section 3). */
import { z } from 'zod';
import type { TaskParameters, TaskResult } from '../../../shared/api/tasks/kinds.ts';
import { permutation, uniform } from '../../../shared/random.ts';
import type { Model } from '../../llama/weights/open-model.ts';
import { adapterLayout, initialAdapter } from '../../llama/model/lora-layout.ts';
import { PreferenceTrainer, type PreferencePair } from '../../llama/trainer/preference-trainer.ts';
import { groupVector, initialState } from '../../llama/trainer/training-state.ts';
import { TrainingDivergedError } from '../algorithm-error.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../checkpoint.ts';
import { learningRateMultiplier } from '../learning-rate.ts';
import type { RunHooks } from '../run-hooks.ts';
import { streamOf } from '../streams.ts';
import { TRAINING_TENSORS, trainingState, trainingTensors } from '../training-checkpoint.ts';
import { evaluateScores, type PreferenceEvaluation } from './evaluate-scores.ts';
import { heldOutSplit } from './held-out-split.ts';
import { countHumanPairs } from './mix-human-pairs.ts';
import {
  preferenceExamples,
  type PreferenceExample,
  type PreferencePairLine,
} from './preference-examples.ts';
import { PreferenceScorer } from './preference-scorer.ts';

export type PreferenceSettings = TaskParameters<'train-preference-model'> & {
  /** Texts that go through the engine together; changes speed and memory, and sums only by rounding. */
  readonly microBatchRows: number;
};

export interface PreferenceOutcome {
  /** Adapter and head as the training layout has them. */
  readonly vector: Float32Array;
  readonly evaluation: PreferenceEvaluation;
  readonly result: TaskResult<'train-preference-model'>;
}

const ALGORITHM = 'train-preference-model';
const stateSchema = z.strictObject({ examples: z.int().positive(), lossSum: z.number() });

/**
 * Trains on all pairs but the held-out ones, then measures it on those.
 *
 * @param resume bytes of an earlier checkpoint of the same task, or null
 * @throws AlgorithmInputError for pairs that cannot teach; TrainingDivergedError when the loss is not finite
 */
export async function trainPreferenceModel(
  model: Model,
  pairs: readonly PreferencePairLine[],
  settings: PreferenceSettings,
  seed: number,
  hooks: RunHooks,
  resume: Uint8Array | null,
): Promise<PreferenceOutcome> {
  const examples = preferenceExamples(model.tokenizer, settings.promptForm, pairs, settings.maximumLength);
  const { train, heldOut } = heldOutSplit(examples, settings.heldOutPairs, seed);
  const layout = adapterLayout(model.architecture, settings.rank, settings.alpha);
  const trainable = { kind: 'adapters', base: model.base, layout, groups: 1 } as const;
  const stepsPerEpoch = Math.ceil(train.length / settings.batchPairs);
  const totalSteps = settings.epochs * stepsPerEpoch;
  const start = await startOf(resume, train.length, layout.length, () =>
    initialAdapter(layout, seed, streamOf('adapter-start', 0), 'normal'),
  );
  const trainer = await PreferenceTrainer.open({
    trainable,
    state: start.state,
    optimiser: {
      beta1: settings.beta1,
      beta2: settings.beta2,
      epsilon: settings.epsilon,
      weightDecay: settings.weightDecay,
      epsilonForm: 'corrected',
      clipNorm: settings.maximumGradientNorm,
    },
    maximumTime: longest(examples),
    microBatchRows: settings.microBatchRows,
  });
  let { lossSum } = start;
  let vector: Float32Array;
  try {
    const schedule = {
      kind: settings.schedule,
      warmupSteps: Math.ceil(settings.warmupShare * totalSteps),
      totalSteps,
    };
    for (let step = start.state.step; step < totalSteps; step++) {
      hooks.signal.throwIfAborted();
      const batch = batchOf(train, settings.batchPairs, stepsPerEpoch, step, seed);
      const rate = settings.learningRate * learningRateMultiplier(schedule, step);
      const { loss, scores, gradientNorms } = await trainer.step([batch], [rate]);
      if (!Number.isFinite(loss)) {
        throw new TrainingDivergedError(
          `the preference loss is ${loss} in step ${step}: lower the learning rate`,
        );
      }
      lossSum += loss;
      hooks.metrics(step, {
        'preference/loss': loss,
        ...batchMetrics(batch, scores[0] ?? []),
        'preference/grad_norm': gradientNorms[0] ?? Number.NaN,
        'preference/learning_rate': rate,
      });
      hooks.progress(step + 1, totalSteps, 'steps');
      if ((step + 1) % settings.checkpointEverySteps === 0 && step + 1 < totalSteps) {
        const state = { examples: train.length, lossSum };
        const tensors = trainingTensors(trainer.state);
        await hooks.checkpoint(
          step + 1,
          await encodeCheckpoint(ALGORITHM, { step: step + 1, state, tensors }),
        );
      }
    }
    vector = groupVector(trainer.state, 0).slice();
  } finally {
    await trainer.close();
  }
  const evaluation = await evaluate(model, settings, vector, heldOut, seed, hooks);
  return {
    vector,
    evaluation,
    result: {
      trainPairs: train.length,
      humanPairs: countHumanPairs(pairs),
      droppedPairs: pairs.length - examples.length,
      steps: totalSteps,
      trainLoss: lossSum / totalSteps,
      heldOut: {
        n: evaluation.n,
        accuracy: evaluation.accuracy,
        interval: evaluation.accuracyInterval,
        brier: evaluation.brier,
        expectedCalibrationError: evaluation.calibration.expectedCalibrationError,
        calibrationBins: [...evaluation.calibration.bins],
        accuracyByLengthGap: [...evaluation.accuracyByLengthGap],
        accuracyByConfidence: [...evaluation.accuracyByConfidence],
        accuracyBySource: [...evaluation.accuracyBySource],
      },
    },
  };
}

async function startOf(
  resume: Uint8Array | null,
  examples: number,
  length: number,
  first: () => Float32Array,
) {
  if (resume === null) return { state: initialState([first()]), lossSum: 0 };
  const read = await decodeCheckpoint(ALGORITHM, resume, stateSchema, () => TRAINING_TENSORS);
  if (read.state.examples !== examples) {
    throw new TrainingDivergedError(
      `the checkpoint was trained on ${read.state.examples} pairs, this task has ${examples}: start it again without it`,
    );
  }
  const state = trainingState(read.tensors, { groups: 1, length, step: read.step });
  return { state, lossSum: read.state.lossSum };
}

function longest(examples: readonly PreferenceExample[]): number {
  return examples.reduce((most, { chosen, rejected }) => Math.max(most, chosen.length, rejected.length), 1);
}

/** The pairs of a step, reshuffled every epoch, each in an order drawn for it. */
function batchOf(
  train: readonly PreferenceExample[],
  batchPairs: number,
  stepsPerEpoch: number,
  step: number,
  seed: number,
): PreferencePair[] {
  const epoch = Math.floor(step / stepsPerEpoch);
  const order = permutation(train.length, seed, streamOf('preference-batches', epoch));
  const first = (step % stepsPerEpoch) * batchPairs;
  return Array.from(order.subarray(first, first + batchPairs), (index) => {
    const example = train[index];
    if (example === undefined) throw new RangeError(`no pair ${index}`);
    const { chosen, rejected, labelProbability } = example;
    return uniform(seed, streamOf('pair-order', 1 + epoch), index) < 0.5
      ? { first: chosen, second: rejected, target: 1 - labelProbability }
      : { first: rejected, second: chosen, target: labelProbability };
  });
}

/**
 * `preference/accuracy`, where equal scores count half, and the mean scores of the sides that the labels call chosen and
 * rejected, of the batch before its update.
 */
function batchMetrics(
  batch: readonly PreferencePair[],
  scores: readonly (readonly [number, number])[],
): Readonly<Record<string, number>> {
  const sums = { agreements: 0, chosen: 0, rejected: 0 };
  batch.forEach(({ target }, pair) => {
    const [first, second] = scores[pair] ?? [Number.NaN, Number.NaN];
    const [chosen, rejected] = target < 0.5 ? [first, second] : [second, first];
    sums.agreements += target === 0.5 ? 0.5 : (1 + Math.sign(chosen - rejected)) / 2;
    sums.chosen += chosen;
    sums.rejected += rejected;
  });
  const { length } = batch;
  return {
    'preference/accuracy': sums.agreements / length,
    'preference/chosen_mean': sums.chosen / length,
    'preference/rejected_mean': sums.rejected / length,
    'preference/margin': (sums.chosen - sums.rejected) / length,
  };
}

async function evaluate(
  model: Model,
  settings: PreferenceSettings,
  vector: Float32Array,
  heldOut: readonly PreferenceExample[],
  seed: number,
  hooks: RunHooks,
): Promise<PreferenceEvaluation> {
  const scorer = await PreferenceScorer.open(model, {
    rank: settings.rank,
    alpha: settings.alpha,
    vector,
    maximumTime: longest(heldOut),
    microBatchRows: settings.microBatchRows,
  });
  try {
    const chosen = await scorer.score(
      heldOut.map((example) => example.chosen),
      hooks.signal,
    );
    const rejected = await scorer.score(
      heldOut.map((example) => example.rejected),
      hooks.signal,
    );
    return evaluateScores(
      heldOut.map(({ labelProbability, chosenTokens, rejectedTokens, source }, index) => ({
        chosenScore: chosen[index] ?? Number.NaN,
        rejectedScore: rejected[index] ?? Number.NaN,
        labelProbability,
        chosenTokens,
        rejectedTokens,
        source,
      })),
      seed,
    );
  } finally {
    await scorer.close();
  }
}
