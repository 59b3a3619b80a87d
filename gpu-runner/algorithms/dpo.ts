/** Direct preference optimisation and its kin: the pairs train the policy itself, without a preference model. */
import type { PairLoss } from '../../shared/api/tasks/dpo.ts';
import type { TaskParameters, TaskResult } from '../../shared/api/tasks/kinds.ts';
import { adapterLayout, initialAdapter } from '../llama/model/lora-layout.ts';
import { longestOf, sequenceOf, type Sequence } from '../llama/model/sequence.ts';
import {
  DirectPreferenceTrainer,
  type DirectPreferencePair,
} from '../llama/trainer/direct-preference-trainer.ts';
import { type ProspectPair, ProspectTrainer } from '../llama/trainer/prospect-trainer.ts';
import type { TrainerOptions } from '../llama/trainer/trainer.ts';
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
 * - simpo (Meng et al. 2024): log p is the mean over the tokens, target = gamma / beta, and no base is asked;
 * - kto (Ethayarajh et al. 2024): the loss is of single responses, see {@link ProspectTrainer}.
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
  const unrelated = settings.loss?.kind === 'kto' ? unrelatedResponses(examples, settings.maximumLength) : [];
  const size = {
    maximumTime: longestOf(examples.flatMap(sidesOf).concat(unrelated.flat())),
    microbatchRows: 2 * settings.microbatchPairs,
  };
  const sequences = examples.map((example, index) => sidesOf(example).concat(unrelated[index] ?? []));
  const references = await referenceNats(model, sequences, size, settings, hooks);
  const rows = examples.map((example, index) =>
    rowOf(example, unrelated[index] ?? [], references[index] ?? [], settings),
  );
  const layout = adapterLayout(model.architecture, settings.rank, settings.alpha);
  const { vector, steps, trainLoss, lastEpoch } = await supervisedRun(
    model,
    {
      work: workOf('dpo', 'pairs', examples, { ...settings, seed }),
      metrics: 'dpo',
      batchSize: settings.batchPairs,
      ...size,
      start: initialAdapter(layout, seed, streamOf('adapter-start', 3)),
      open: (options) => openTrainer(options, settings),
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

type LossSettings = Pick<TaskParameters<'dpo'>, 'beta' | 'loss'>;

async function openTrainer(options: TrainerOptions, { beta, loss }: LossSettings) {
  if (loss?.kind === 'kto') return await ProspectTrainer.open(options, beta);
  return await DirectPreferenceTrainer.open(options, {
    entry: 'pair',
    beta,
    perToken: loss?.kind === 'simpo',
  });
}

const sidesOf = ({ chosen, rejected }: PreferenceExample): Sequence<Int32Array>[] => [chosen, rejected];

/** Both responses of the next pair behind each pair's prompt (of an only pair: its own), cut at the end where they are too long. */
function unrelatedResponses(
  examples: readonly PreferenceExample[],
  maximumLength: number,
): Sequence<Int32Array>[][] {
  return examples.map(({ chosen: { tokens, start } }, index) => {
    const prompt = tokens.subarray(0, start);
    const other = examples[(index + 1) % examples.length];
    if (other === undefined) return [];
    return sidesOf(other).map((side) =>
      sequenceOf(prompt, side.tokens.subarray(side.start, side.start + maximumLength - start)),
    );
  });
}

/**
 * A pair as it is trained on.
 *
 * @param references log p under the base of both sides and of the unrelated responses; empty without a reference
 * @throws AlgorithmInputError for a pair without a contrast
 */
function rowOf(
  { chosen, rejected, labelProbability: target, contrast }: PreferenceExample,
  unrelated: readonly Sequence[],
  references: readonly number[],
  { beta, loss }: LossSettings,
): ProspectPair {
  const [ofChosen = 0, ofRejected = 0, ...others] = references;
  return {
    chosen,
    rejected,
    target,
    reference: { chosen: ofChosen, rejected: ofRejected },
    targetMargin: targetMargin(loss, contrast) / beta,
    unrelated: unrelated.map((sequence, index) => ({ sequence, reference: others[index] ?? 0 })),
  };
}

/** What beta times the margin over the reference must exceed. */
function targetMargin(loss: PairLoss | undefined, contrast: number | undefined): number {
  if (loss === undefined || loss.kind === 'kto') return 0;
  if (loss.kind === 'simpo') return loss.gamma;
  if (contrast === undefined) {
    throw new AlgorithmInputError(
      'a pair has no contrast, which dlma weighs: simulate it with its contrast measured',
    );
  }
  const { contrastCoefficient, contrastLimit } = loss;
  return contrastCoefficient * Math.min(contrastLimit, Math.max(-contrastLimit, contrast));
}

/** log p under the base model of each list of sequences; none where the loss has no reference. */
async function referenceNats(
  model: Model,
  lists: readonly (readonly Sequence<Int32Array>[])[],
  size: { readonly maximumTime: number; readonly microbatchRows: number },
  { loss }: LossSettings,
  hooks: RunHooks,
): Promise<number[][]> {
  if (loss?.kind === 'simpo') return [];
  const reference = await ReferenceModel.open(model, { scoring: 'tokens', ...size });
  const nats: number[][] = [];
  try {
    for (const sequences of lists) {
      const rows = await reference.logProbabilities(sequences, hooks.signal);
      nats.push(rows.map((values) => values.reduce((sum, value) => sum + value, 0)));
    }
    return nats;
  } finally {
    await reference.close();
  }
}
