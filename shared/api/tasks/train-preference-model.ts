/** Train the preference model: an adapter and a scalar head on the frozen base, soft-target loss. */
import { z } from 'zod';
import { count, interval, promptForm, SUPERVISED_DEFAULTS, supervisedFields } from './settings.ts';

export const trainPreferenceModelHyperparameters = z.strictObject({
  ...supervisedFields,
  batchPairs: z.int().min(1).max(4096),
  /** Pairs kept from training to measure it; where that is more than half of them, a fifth is kept. */
  heldOutPairs: z.int().min(1).max(100_000),
  /**
   * Share of the pairs that people labelled: so many simulated pairs, drawn by the seed, give way to `chosen` and
   * `rejected` of the prompt set's train split. The number of pairs stays the same.
   */
  humanShare: z.number().min(0).max(1),
});

export const TRAIN_PREFERENCE_MODEL_DEFAULTS: z.infer<typeof trainPreferenceModelHyperparameters> = {
  ...SUPERVISED_DEFAULTS,
  epochs: 1,
  batchPairs: 16,
  schedule: 'cosine',
  warmupShare: 0.03,
  heldOutPairs: 500,
  humanShare: 0,
};

/**
 * Inputs: `pairs-0000`, `pairs-0001`, ... in order of shard; none where all pairs are people's. With a human share the
 * task names prompts, whose rows hold the human pairs. Output: `preference-model`.
 */
export const trainPreferenceModelParameters = trainPreferenceModelHyperparameters.extend({ promptForm });

export const trainPreferenceModelResult = z.strictObject({
  trainPairs: count,
  /** Of all pairs, before dropping and holding out. */
  humanPairs: count,
  /** Longer than `maximumLength`, or with a text that the tokenizer cannot say. */
  droppedPairs: count,
  steps: count,
  trainLoss: z.number(),
  heldOut: z.strictObject({
    n: count,
    accuracy: z.number(),
    interval,
    brier: z.number(),
    expectedCalibrationError: z.number(),
    calibrationBins: z.array(
      z.strictObject({
        lower: z.number(),
        upper: z.number(),
        n: count,
        meanProbability: z.number(),
        meanOutcome: z.number(),
      }),
    ),
    /** Accuracy by quartile of (length of chosen - length of rejected), the shortest gap first. */
    accuracyByLengthGap: z.array(
      z.strictObject({ lower: z.number(), upper: z.number(), n: count, accuracy: z.number().nullable() }),
    ),
    /** Accuracy by how sure the labels are, |2 P(chosen is better) - 1|. */
    accuracyByConfidence: z.array(
      z.strictObject({ lower: z.number(), upper: z.number(), n: count, accuracy: z.number() }),
    ),
    /** Accuracy by where the pairs came from, such as `simulated` and `human`. */
    accuracyBySource: z.array(z.strictObject({ source: z.string(), n: count, accuracy: z.number() })),
  }),
});
