/** Direct preference optimisation: the pairs train the policy itself, against the frozen base as reference. */
import type { TaskParameters, TaskResult } from '../../shared/api/tasks/kinds.ts';
import { adapterLayout, initialAdapter } from '../llama/model/lora-layout.ts';
import { longestOf } from '../llama/model/sequence.ts';
import {
  DirectPreferenceTrainer,
  type DirectPreferencePair,
} from '../llama/trainer/direct-preference-trainer.ts';
import type { Model } from '../llama/weights/model.ts';
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
 * Trains an adapter on the pairs, soft labels included.
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
  const rows = await withReference(model, examples, size, hooks);
  const layout = adapterLayout(model.architecture, settings.rank, settings.alpha);
  const { vector, steps, trainLoss, lastEpoch } = await supervisedRun(
    model,
    {
      work: workOf('dpo', 'pairs', examples, { ...settings, seed }),
      metrics: 'dpo',
      batchSize: settings.batchPairs,
      ...size,
      start: initialAdapter(layout, seed, streamOf('adapter-start', 3)),
      open: (options) => DirectPreferenceTrainer.open(options, settings.beta),
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

/** Every pair with its margin under the base model. */
async function withReference(
  model: Model,
  examples: readonly PreferenceExample[],
  size: { readonly maximumTime: number; readonly microbatchRows: number },
  hooks: RunHooks,
): Promise<DirectPreferencePair[]> {
  const reference = await ReferenceModel.open(model, { scoring: 'tokens', ...size });
  const pairs: DirectPreferencePair[] = [];
  try {
    for (const { chosen, rejected, labelProbability: target } of examples) {
      const logProbabilities = await reference.logProbabilities([chosen, rejected], hooks.signal);
      const [ofChosen = 0, ofRejected = 0] = logProbabilities.map((values) =>
        values.reduce((sum, value) => sum + value, 0),
      );
      pairs.push({ chosen, rejected, referenceMargin: ofChosen - ofRejected, target });
    }
    return pairs;
  } finally {
    await reference.close();
  }
}
