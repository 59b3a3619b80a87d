/** Direct preference optimisation and its kin: the pairs train the policy itself, without a preference model. */
import type { PairLoss } from '../../shared/api/tasks/dpo.ts';
import type { TaskParameters, TaskResult } from '../../shared/api/tasks/kinds.ts';
import { adapterLayout, initialAdapter } from '../llama/model/lora-layout.ts';
import { longestOf } from '../llama/model/sequence.ts';
import {
  DirectPreferenceTrainer,
  type DirectPreferencePair,
} from '../llama/trainer/direct-preference-trainer.ts';
import type { Model } from '../llama/weights/model.ts';
import { AlgorithmInputError } from './algorithm-error.ts';
import { workOf } from './checkpoint.ts';
import {
  preferenceExamples,
  type PreferenceExample,
  type PreferencePairLine,
} from './preference-model/preference-examples.ts';
import { ReferenceModel } from './reference-model.ts';
import type { RunHooks } from './run-hooks.ts';
import { streamOf } from './streams.ts';
import { supervisedRun } from './supervised-run.ts';

export interface DpoOutcome {
  /** Adapter as the training layout has it. */
  readonly vector: Float32Array;
  readonly result: TaskResult<'dpo'>;
}

/**
 * Trains an adapter on the pairs, soft labels included: with m = log p(chosen) - log p(rejected) and z = beta (m - target),
 * the loss is -log sigmoid(z).
 *
 * - dpo (Rafailov et al. 2023): target = the base's m;
 * - dlma (Liu et al. 2024): the base's m + (coefficient / beta) clip(contrast, -limit, limit), so that pairs whose prompts
 *   tell them apart more are driven further apart;
 * - simpo (Meng et al. 2024): log p is the mean over the tokens, target = gamma / beta, and no base is asked.
 *
 * @param resume bytes of an earlier checkpoint of the same task, or null
 * @throws AlgorithmInputError for pairs that cannot teach; what {@link supervisedRun} throws
 */
export async function dpo(
  model: Model,
  pairs: readonly PreferencePairLine[],
  settings: TaskParameters<'dpo'>,
  seed: number,
  hooks: RunHooks,
  resume: Uint8Array | null,
): Promise<DpoOutcome> {
  const examples = preferenceExamples(model.tokenizer, settings.promptForm, pairs, settings.maximumLength);
  const size = {
    maximumTime: longestOf(examples.flatMap(({ chosen, rejected }) => [chosen, rejected])),
    microbatchRows: 2 * settings.microbatchPairs,
  };
  const rows = targetsOf(examples, settings, await referenceMargins(model, examples, size, settings, hooks));
  const layout = adapterLayout(model.architecture, settings.rank, settings.alpha);
  const { vector, steps, trainLoss, lastEpoch } = await supervisedRun(
    model,
    {
      work: workOf('dpo', 'pairs', examples, { ...settings, seed }),
      metrics: 'dpo',
      batchSize: settings.batchPairs,
      ...size,
      start: initialAdapter(layout, seed, streamOf('adapter-start', 3)),
      open: (options) =>
        DirectPreferenceTrainer.open(options, {
          beta: settings.beta,
          perToken: settings.loss?.kind === 'simpo',
        }),
      batch: (indices) => indices.flatMap((index) => rows[index] ?? []),
      report: (batch, { margins: [own = []] }) => {
        const agreements = agreementsOf(batch, own);
        const margins = own.reduce((sum, margin) => sum + margin, 0);
        return {
          metrics: { accuracy: agreements / batch.length, margin: margins / batch.length },
          sums: { agreements, margins },
        };
      },
    },
    settings,
    seed,
    hooks,
    resume,
  );
  const { agreements = Number.NaN, margins = Number.NaN } = lastEpoch;
  return {
    vector,
    result: {
      pairs: rows.length,
      droppedPairs: pairs.length - rows.length,
      steps,
      trainLoss,
      accuracy: agreements / rows.length,
      meanMargin: margins / rows.length,
    },
  };
}

/** Pairs whose margin has the sign of the label; equal sides and undecided labels count half. */
function agreementsOf(batch: readonly DirectPreferencePair[], margins: readonly number[]): number {
  return batch.reduce(
    (sum, { target }, pair) => sum + (1 + Math.sign(margins[pair] ?? 0) * Math.sign(target - 0.5)) / 2,
    0,
  );
}

/** Every pair with the margin that the loss asks of it. @throws AlgorithmInputError for a pair without a contrast */
function targetsOf(
  examples: readonly PreferenceExample[],
  { beta, loss }: Pick<TaskParameters<'dpo'>, 'beta' | 'loss'>,
  references: readonly number[],
): DirectPreferencePair[] {
  return examples.map(({ chosen, rejected, labelProbability: target, contrast }, index) => ({
    chosen,
    rejected,
    target,
    referenceMargin: references[index] ?? 0,
    targetMargin: targetMargin(loss, contrast) / beta,
  }));
}

/** What beta times the margin over the reference must exceed. */
function targetMargin(loss: PairLoss | undefined, contrast: number | undefined): number {
  if (loss === undefined) return 0;
  if (loss.kind === 'simpo') return loss.gamma;
  if (contrast === undefined) {
    throw new AlgorithmInputError(
      'a pair has no contrast, which dlma weighs: simulate it with its contrast measured',
    );
  }
  const { contrastCoefficient, contrastLimit } = loss;
  return contrastCoefficient * Math.min(contrastLimit, Math.max(-contrastLimit, contrast));
}

/** log p(chosen) - log p(rejected) of every pair under the base model; none where the loss has no reference. */
async function referenceMargins(
  model: Model,
  examples: readonly PreferenceExample[],
  size: { readonly maximumTime: number; readonly microbatchRows: number },
  { loss }: Pick<TaskParameters<'dpo'>, 'loss'>,
  hooks: RunHooks,
): Promise<number[]> {
  if (loss?.kind === 'simpo') return [];
  const reference = await ReferenceModel.open(model, { scoring: 'tokens', ...size });
  const margins: number[] = [];
  try {
    for (const { chosen, rejected } of examples) {
      const logProbabilities = await reference.logProbabilities([chosen, rejected], hooks.signal);
      const [ofChosen = 0, ofRejected = 0] = logProbabilities.map((values) =>
        values.reduce((sum, value) => sum + value, 0),
      );
      margins.push(ofChosen - ofRejected);
    }
    return margins;
  } finally {
    await reference.close();
  }
}
