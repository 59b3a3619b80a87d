/** Direct preference optimisation: the pairs train the policy itself, against the frozen base as reference. */
import { z } from 'zod';
import type { TaskParameters, TaskResult } from '../../shared/api/tasks/kinds.ts';
import { permutation } from '../../shared/random.ts';
import type { Model } from '../llama/weights/open-model.ts';
import {
  DirectPreferenceTrainer,
  type DirectPreferencePair,
} from '../llama/trainer/direct-preference-trainer.ts';
import { adapterLayout, initialAdapter } from '../llama/model/lora-layout.ts';
import { Scorer } from '../llama/trainer/scorer.ts';
import { groupVector, initialState } from '../llama/trainer/training-state.ts';
import { AlgorithmInputError, TrainingDivergedError } from './algorithm-error.ts';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
import { learningRateMultiplier } from './learning-rate.ts';
import {
  preferenceExamples,
  type PreferenceExample,
  type PreferencePairLine,
} from './preference-model/preference-examples.ts';
import type { RunHooks } from './run-hooks.ts';
import { streamOf } from './streams.ts';
import { TRAINING_TENSORS, trainingState, trainingTensors } from './training-checkpoint.ts';

export type DpoSettings = TaskParameters<'dpo'>;

export interface DpoOutcome {
  /** Adapter as the training layout has it. */
  readonly vector: Float32Array;
  readonly result: TaskResult<'dpo'>;
}

const ALGORITHM = 'dpo';
/** Sums over all steps (loss) and over the last epoch's pairs (agreements, margins). */
const stateSchema = z.strictObject({
  examples: z.int().positive(),
  lossSum: z.number(),
  agreements: z.number(),
  marginSum: z.number(),
});
type Sums = Omit<z.infer<typeof stateSchema>, 'examples'>;

/**
 * Trains an adapter on the pairs, soft labels included.
 *
 * @param resume bytes of an earlier checkpoint of the same task, or null
 * @throws AlgorithmInputError for pairs that cannot teach; TrainingDivergedError when the loss is not finite
 */
export async function dpo(
  model: Model,
  pairs: readonly PreferencePairLine[],
  settings: DpoSettings,
  seed: number,
  hooks: RunHooks,
  resume: Uint8Array | null,
): Promise<DpoOutcome> {
  const examples = preferenceExamples(model.tokenizer, settings.promptForm, pairs, settings.maximumLength);
  const maximumTime = examples.reduce(
    (most, { chosen, rejected }) => Math.max(most, chosen.length, rejected.length),
    1,
  );
  const rows = await withReference(
    model,
    examples,
    { maximumTime, rows: 2 * settings.microbatchPairs },
    hooks,
  );
  const layout = adapterLayout(model.architecture, settings.rank, settings.alpha);
  const stepsPerEpoch = Math.ceil(rows.length / settings.batchPairs);
  const totalSteps = settings.epochs * stepsPerEpoch;
  const { state, sums } = await startOf(resume, rows.length, layout.length, () =>
    initialAdapter(layout, seed, streamOf('adapter-start', 3)),
  );
  const trainer = await DirectPreferenceTrainer.open(
    {
      trainable: { kind: 'adapters', base: model.base, layout, groups: 1 },
      state,
      optimiser: {
        beta1: settings.beta1,
        beta2: settings.beta2,
        epsilon: settings.epsilon,
        weightDecay: settings.weightDecay,
        epsilonForm: 'corrected',
        clipNorm: settings.maximumGradientNorm,
      },
      maximumTime,
      microBatchRows: 2 * settings.microbatchPairs,
    },
    settings.beta,
  );
  const schedule = {
    kind: settings.schedule,
    warmupSteps: Math.ceil(settings.warmupShare * totalSteps),
    totalSteps,
  };
  try {
    for (let step = state.step; step < totalSteps; step++) {
      hooks.signal.throwIfAborted();
      const epoch = Math.floor(step / stepsPerEpoch);
      const order = permutation(rows.length, seed, streamOf('preference-batches', epoch));
      const first = (step % stepsPerEpoch) * settings.batchPairs;
      const batch = Array.from(order.subarray(first, first + settings.batchPairs)).flatMap(
        (row) => rows[row] ?? [],
      );
      const rate = settings.learningRate * learningRateMultiplier(schedule, step);
      const { loss, margins, gradientNorms } = await trainer.step([batch], [rate]);
      if (!Number.isFinite(loss)) {
        throw new TrainingDivergedError(`the DPO loss is ${loss} in step ${step}: lower the learning rate`);
      }
      const [own = []] = margins;
      const agreements = agreementsOf(batch, own);
      const marginSum = own.reduce((sum, margin) => sum + margin, 0);
      sums.lossSum += loss;
      if (epoch === settings.epochs - 1) {
        sums.agreements += agreements;
        sums.marginSum += marginSum;
      }
      hooks.metrics(step, {
        'dpo/loss': loss,
        'dpo/accuracy': agreements / batch.length,
        'dpo/margin': marginSum / batch.length,
        'dpo/grad_norm': gradientNorms[0] ?? Number.NaN,
        'dpo/learning_rate': rate,
      });
      hooks.progress(step + 1, totalSteps, 'steps');
      if ((step + 1) % settings.checkpointEverySteps === 0 && step + 1 < totalSteps) {
        const tensors = trainingTensors(trainer.state);
        const checkpoint = { step: step + 1, state: { examples: rows.length, ...sums }, tensors };
        await hooks.checkpoint(step + 1, await encodeCheckpoint(ALGORITHM, checkpoint));
      }
    }
    return {
      vector: groupVector(trainer.state, 0).slice(),
      result: {
        pairs: rows.length,
        droppedPairs: pairs.length - rows.length,
        steps: totalSteps,
        trainLoss: sums.lossSum / totalSteps,
        accuracy: sums.agreements / rows.length,
        meanMargin: sums.marginSum / rows.length,
      },
    };
  } finally {
    await trainer.close();
  }
}

/** Pairs whose margin has the sign of the label; equal sides and undecided labels count half. */
function agreementsOf(batch: readonly DirectPreferencePair[], margins: readonly number[]): number {
  return batch.reduce(
    (sum, { target }, pair) => sum + (1 + Math.sign(margins[pair] ?? 0) * Math.sign(target - 0.5)) / 2,
    0,
  );
}

/** Every pair with its margin under the base model: an adapter of zeros. */
async function withReference(
  model: Model,
  examples: readonly PreferenceExample[],
  size: { readonly maximumTime: number; readonly rows: number },
  hooks: RunHooks,
): Promise<DirectPreferencePair[]> {
  const layout = adapterLayout(model.architecture, 1, 1);
  const scorer = await Scorer.open({
    trainable: { kind: 'adapters', base: model.base, layout, groups: 1 },
    scoring: 'tokens',
    maximumTime: size.maximumTime,
    microBatchRows: size.rows,
  });
  const nothing = new Float32Array(layout.length);
  const pairs: DirectPreferencePair[] = [];
  try {
    for (const example of examples) {
      hooks.signal.throwIfAborted();
      const { chosenTokens, rejectedTokens, labelProbability: target } = example;
      const chosen = { tokens: example.chosen, start: example.chosen.length - chosenTokens };
      const rejected = { tokens: example.rejected, start: example.rejected.length - rejectedTokens };
      const { logProbabilities } = await scorer.score(nothing, [[chosen, rejected]]);
      const [ofChosen = 0, ofRejected = 0] = (logProbabilities[0] ?? []).map((values) =>
        values.reduce((sum, value) => sum + value, 0),
      );
      pairs.push({ chosen, rejected, referenceMargin: ofChosen - ofRejected, target });
    }
    return pairs;
  } finally {
    await scorer.close();
  }
}

async function startOf(
  resume: Uint8Array | null,
  examples: number,
  length: number,
  first: () => Float32Array,
) {
  if (resume === null) {
    const sums: Sums = { lossSum: 0, agreements: 0, marginSum: 0 };
    return { state: initialState([first()]), sums };
  }
  const read = await decodeCheckpoint(ALGORITHM, resume, stateSchema, () => TRAINING_TENSORS);
  const { examples: trained, ...sums } = read.state;
  if (trained !== examples) {
    throw new AlgorithmInputError(
      `the checkpoint was trained on ${trained} pairs, this task has ${examples}`,
    );
  }
  return { state: trainingState(read.tensors, { groups: 1, length, step: read.step }), sums };
}
