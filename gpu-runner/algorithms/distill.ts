/** Context distillation: supervised training from the plain prompt to the response of the positive side. */
import { z } from 'zod';
import type { TaskParameters, TaskResult } from '../../shared/api/tasks/kinds.ts';
import { preferenceText } from '../../shared/dialogue/preference-text.ts';
import { permutation } from '../../shared/random.ts';
import type { Model } from '../llama/weights/open-model.ts';
import { LanguageModelTrainer, type LanguageModelRow } from '../llama/trainer/language-model-trainer.ts';
import { adapterLayout, initialAdapter } from '../llama/model/lora-layout.ts';
import { groupVector, initialState } from '../llama/trainer/training-state.ts';
import { AlgorithmInputError, TrainingDivergedError } from './algorithm-error.ts';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
import { continuationTokens } from './continuation-tokens.ts';
import { learningRateMultiplier } from './learning-rate.ts';
import type { PreferencePairLine } from './preference-model/preference-examples.ts';
import type { RunHooks } from './run-hooks.ts';
import { streamOf } from './streams.ts';
import { TRAINING_TENSORS, trainingState, trainingTensors } from './training-checkpoint.ts';

export interface DistillOutcome {
  /** Adapter as the training layout has it. */
  readonly vector: Float32Array;
  readonly result: TaskResult<'distill'>;
}

const ALGORITHM = 'distill';
const stateSchema = z.strictObject({ examples: z.int().positive(), lossSum: z.number() });

/**
 * Trains an adapter to give the chosen response after the plain prompt; the loss is over the response's tokens and the
 * end of its turn (`\n\nHuman:` and EOS for dialogues).
 *
 * @param resume bytes of an earlier checkpoint of the same task, or null
 * @throws AlgorithmInputError if no response is short enough; TrainingDivergedError when the loss is not finite
 */
export async function distill(
  model: Model,
  pairs: readonly Pick<PreferencePairLine, 'prompt' | 'chosen'>[],
  settings: TaskParameters<'distill'>,
  seed: number,
  hooks: RunHooks,
  resume: Uint8Array | null,
): Promise<DistillOutcome> {
  const rows = pairs.flatMap((pair) => rowOf(model, pair, settings));
  if (rows.length === 0) {
    throw new AlgorithmInputError(
      `none of ${pairs.length} examples has at most ${settings.maximumLength} tokens: raise maximumLength`,
    );
  }
  const layout = adapterLayout(model.architecture, settings.rank, settings.alpha);
  const stepsPerEpoch = Math.ceil(rows.length / settings.batchSize);
  const totalSteps = settings.epochs * stepsPerEpoch;
  const start = await startOf(resume, rows.length, layout.length, () =>
    initialAdapter(layout, seed, streamOf('adapter-start', 2)),
  );
  const trainer = await LanguageModelTrainer.open({
    trainable: { kind: 'adapters', base: model.base, layout, groups: 1 },
    state: start.state,
    optimiser: {
      beta1: settings.beta1,
      beta2: settings.beta2,
      epsilon: settings.epsilon,
      weightDecay: settings.weightDecay,
      epsilonForm: 'corrected',
      clipNorm: settings.maximumGradientNorm,
    },
    maximumTime: rows.reduce((most, { tokens }) => Math.max(most, tokens.length), 1),
    microBatchRows: settings.microbatchSize,
  });
  const warmupSteps = Math.ceil(settings.warmupShare * totalSteps);
  let { lossSum } = start;
  try {
    for (let step = start.state.step; step < totalSteps; step++) {
      hooks.signal.throwIfAborted();
      const order = permutation(
        rows.length,
        seed,
        streamOf('preference-batches', Math.floor(step / stepsPerEpoch)),
      );
      const first = (step % stepsPerEpoch) * settings.batchSize;
      const batch = Array.from(order.subarray(first, first + settings.batchSize)).flatMap(
        (row) => rows[row] ?? [],
      );
      const schedule = { kind: settings.schedule, warmupSteps, totalSteps };
      const rate = settings.learningRate * learningRateMultiplier(schedule, step);
      const { loss, gradientNorms } = await trainer.step([batch], [rate]);
      if (!Number.isFinite(loss)) {
        throw new TrainingDivergedError(
          `the distillation loss is ${loss} in step ${step}: lower the learning rate`,
        );
      }
      lossSum += loss;
      hooks.metrics(step, {
        'distill/loss': loss,
        'distill/grad_norm': gradientNorms[0] ?? Number.NaN,
        'distill/learning_rate': rate,
      });
      hooks.progress(step + 1, totalSteps, 'steps');
      if ((step + 1) % settings.checkpointEverySteps === 0 && step + 1 < totalSteps) {
        const checkpoint = {
          step: step + 1,
          state: { examples: rows.length, lossSum },
          tensors: trainingTensors(trainer.state),
        };
        await hooks.checkpoint(step + 1, await encodeCheckpoint(ALGORITHM, checkpoint));
      }
    }
    return {
      vector: groupVector(trainer.state, 0).slice(),
      result: {
        examples: rows.length,
        droppedExamples: pairs.length - rows.length,
        steps: totalSteps,
        trainLoss: lossSum / totalSteps,
      },
    };
  } finally {
    await trainer.close();
  }
}

/** Prompt and response as tokens; nothing where they are too long. */
function rowOf(
  { tokenizer, architecture }: Model,
  { prompt, chosen }: Pick<PreferencePairLine, 'prompt' | 'chosen'>,
  { promptForm, maximumLength }: Pick<TaskParameters<'distill'>, 'promptForm' | 'maximumLength'>,
): LanguageModelRow[] {
  const promptTokens = tokenizer.encode(prompt, { bos: tokenizer.startsWithBos });
  const response = continuationTokens(tokenizer, promptTokens, preferenceText(promptForm, '', chosen));
  // A story's response is cut by the filter, so its last sentence is not the story's end; a turn's end is known.
  const end = promptForm === 'dialogue' ? architecture.eosTokens.slice(0, 1) : [];
  const tokens = Int32Array.of(...promptTokens, ...response, ...end);
  return tokens.length > maximumLength ? [] : [{ tokens, start: promptTokens.length }];
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
    throw new AlgorithmInputError(
      `the checkpoint was trained on ${read.state.examples} examples, this task has ${examples}: start it again without it`,
    );
  }
  return {
    state: trainingState(read.tensors, { groups: 1, length, step: read.step }),
    lossSum: read.state.lossSum,
  };
}
