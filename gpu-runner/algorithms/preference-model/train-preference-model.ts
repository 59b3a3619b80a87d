/** Training the preference model: an adapter and a scalar head by pairwise loss with soft targets (paper, section 3). */
import type { TaskParameters, TaskResult } from '../../../shared/api/tasks/kinds.ts';
import { uniform } from '../../../shared/random.ts';
import { adapterLayout, initialAdapter } from '../../llama/model/lora-layout.ts';
import { longestOf, scoredCount } from '../../llama/model/sequence.ts';
import { PreferenceTrainer, type PreferencePair } from '../../llama/trainer/preference-trainer.ts';
import type { Model } from '../../llama/weights/model.ts';
import { workOf } from '../checkpoint.ts';
import type { RunHooks } from '../run-hooks.ts';
import { streamOf } from '../streams.ts';
import { supervisedRun } from '../supervised-run.ts';
import { evaluateScores, type PreferenceEvaluation } from './evaluate-scores.ts';
import { heldOutSplit } from './held-out-split.ts';
import { countHumanPairs } from './mix-human-pairs.ts';
import {
  preferenceExamples,
  type PreferenceExample,
  type PreferencePairLine,
} from './preference-examples.ts';
import { PreferenceModel } from './preference-model.ts';

export type PreferenceSettings = TaskParameters<'train-preference-model'> & {
  /** Texts that go through the engine together; changes speed and memory, and sums only by rounding. */
  readonly microbatchRows: number;
};

export interface PreferenceOutcome {
  /** Adapter and head as the training layout has them. */
  readonly vector: Float32Array;
  readonly evaluation: PreferenceEvaluation;
  readonly result: TaskResult<'train-preference-model'>;
}

/**
 * Trains on all pairs but the held-out ones, then measures it on those.
 *
 * @param resume bytes of an earlier checkpoint of the same task, or null
 * @throws AlgorithmInputError for pairs that cannot teach; what {@link supervisedRun} throws
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
  const { train: labelled, heldOut } = heldOutSplit(examples, settings.heldOutPairs, seed);
  const train = flipped(labelled, settings.flippedShare ?? 0, seed);
  const layout = adapterLayout(model.architecture, settings.rank, settings.alpha);
  const { microbatchRows, ...parameters } = settings;
  const { vector, steps, trainLoss } = await supervisedRun(
    model,
    {
      work: workOf('train-preference-model', 'pairs', train, { ...parameters, seed }),
      metrics: 'preference',
      batchSize: settings.batchPairs,
      microbatchRows,
      maximumTime: longest(examples),
      start: initialAdapter(layout, seed, streamOf('adapter-start', 0), 'normal'),
      open: (options) => PreferenceTrainer.open(options),
      batch: (indices, epoch) => batchOf(train, indices, epoch, seed),
      report: (batch, { scores }) => ({ metrics: batchMetrics(batch, scores[0] ?? []), sums: {} }),
    },
    settings,
    seed,
    hooks,
    resume,
  );
  const evaluation = await evaluate(model, settings, vector, heldOut, seed, hooks);
  return {
    vector,
    evaluation,
    result: {
      trainPairs: train.length,
      humanPairs: countHumanPairs(pairs),
      droppedPairs: pairs.length - examples.length,
      steps,
      trainLoss,
      heldOut: {
        n: evaluation.n,
        accuracy: evaluation.accuracy,
        interval: evaluation.accuracyInterval,
        lengthOnlyAccuracy: evaluation.lengthOnlyAccuracy,
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

/** Each label turned round with a probability: P(chosen is better) becomes 1 - P. */
function flipped(
  examples: readonly PreferenceExample[],
  share: number,
  seed: number,
): readonly PreferenceExample[] {
  const stream = streamOf('flipped-labels', 0);
  return examples.map((example, index) =>
    uniform(seed, stream, index) < share
      ? { ...example, labelProbability: 1 - example.labelProbability }
      : example,
  );
}

function longest(examples: readonly PreferenceExample[]): number {
  return longestOf(examples.flatMap(({ chosen, rejected }) => [chosen, rejected]));
}

/** Pairs of the training split, each in an order drawn for the epoch. */
function batchOf(
  train: readonly PreferenceExample[],
  indices: readonly number[],
  epoch: number,
  seed: number,
): PreferencePair[] {
  return indices.map((index) => {
    const example = train[index];
    if (example === undefined) throw new RangeError(`no pair ${index}`);
    const { labelProbability } = example;
    const [chosen, rejected] = [example.chosen.tokens, example.rejected.tokens];
    return uniform(seed, streamOf('pair-order', 1 + epoch), index) < 0.5
      ? { first: chosen, second: rejected, target: 1 - labelProbability }
      : { first: rejected, second: chosen, target: labelProbability };
  });
}

/**
 * `accuracy`, where equal scores count half, and the mean scores of the sides that the labels call chosen and
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
    accuracy: sums.agreements / length,
    chosen_mean: sums.chosen / length,
    rejected_mean: sums.rejected / length,
    margin: (sums.chosen - sums.rejected) / length,
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
  const preferences = await PreferenceModel.open(model, {
    rank: settings.rank,
    alpha: settings.alpha,
    vector,
    maximumTime: longest(heldOut),
    microbatchRows: settings.microbatchRows,
  });
  try {
    const chosen = await preferences.score(
      heldOut.map(({ chosen: { tokens } }) => tokens),
      hooks.signal,
    );
    const rejected = await preferences.score(
      heldOut.map(({ rejected: { tokens } }) => tokens),
      hooks.signal,
    );
    return evaluateScores(
      heldOut.map((example, index) => ({
        chosenScore: chosen[index] ?? Number.NaN,
        rejectedScore: rejected[index] ?? Number.NaN,
        labelProbability: example.labelProbability,
        chosenTokens: scoredCount(example.chosen),
        rejectedTokens: scoredCount(example.rejected),
        source: example.source,
      })),
      seed,
    );
  } finally {
    await preferences.close();
  }
}
