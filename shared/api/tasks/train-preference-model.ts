/** Train the preference model: an adapter and a scalar head on the frozen base, soft-target loss. */
import { z } from 'zod';
import {
  calibrationBins,
  count,
  interval,
  promptForm,
  SUPERVISED_DEFAULTS,
  supervisedFields,
} from './settings.ts';

const flippedShare = z.number().min(0).max(1);

const fields = z.strictObject({
  ...supervisedFields,
  batchPairs: z.int().min(1).max(4096).describe('Pairs of one training step'),
  heldOutPairs: z
    .int()
    .min(1)
    .max(100_000)
    .describe(
      'Pairs kept from training to measure it; where that is more than half of them, a fifth is kept',
    ),
  humanShare: z
    .number()
    .min(0)
    .max(1)
    .describe(
      'Share of the pairs that people labelled: so many simulated pairs, drawn by the seed, give way ' +
        "to `chosen` and `rejected` of the prompt set's train split. The number of pairs stays the same",
    ),
});

export const trainPreferenceModelHyperparameters = fields.extend({
  flippedShare: flippedShare.describe(
    'Share of the training pairs whose label is turned round, drawn by the seed, so that one can see how ' +
      'much wrong labels cost; pairs that are held out keep theirs',
  ),
});

export const TRAIN_PREFERENCE_MODEL_DEFAULTS: z.infer<typeof trainPreferenceModelHyperparameters> = {
  ...SUPERVISED_DEFAULTS,
  epochs: 1,
  batchPairs: 16,
  schedule: 'cosine',
  warmupShare: 0.03,
  heldOutPairs: 500,
  humanShare: 0,
  flippedShare: 0,
};

/**
 * Inputs: `pairs-0000`, `pairs-0001`, ... in order of shard; none where all pairs are people's. With a human share the
 * task names prompts, whose rows hold the human pairs. Output: `preference-model`.
 */
export const trainPreferenceModelParameters = fields.extend({
  flippedShare: flippedShare.optional().describe('Share of labels turned round; absent where none is'),
  promptForm: promptForm.describe('In which form the model is asked'),
});

export const trainPreferenceModelResult = z.strictObject({
  trainPairs: count.describe('Pairs that were trained on'),
  humanPairs: count.describe('Of all pairs, before dropping and holding out'),
  droppedPairs: count.describe('Longer than `maximumLength`, or with a text that the tokenizer cannot say'),
  steps: count.describe('Steps that were taken'),
  trainLoss: z.number().describe('Mean loss over the last epoch'),
  heldOut: z
    .strictObject({
      n: count.describe('Pairs'),
      accuracy: z.number().describe('Share whose better side got the higher score'),
      interval,
      lengthOnlyAccuracy: z
        .number()
        .min(0)
        .max(1)
        .nullable()
        .default(null)
        .describe('Share whose better side is the longer one: what length alone would reach'),
      brier: z.number().describe('Brier score of its probabilities'),
      expectedCalibrationError: z.number().describe('Mean gap of probability and outcome over the bins'),
      calibrationBins,
      accuracyByLengthGap: z
        .array(
          z.strictObject({
            lower: z.number().describe('Lower end, included'),
            upper: z.number().describe('Upper end'),
            n: count.describe('Pairs'),
            accuracy: z.number().nullable().describe('Share whose better side got the higher score'),
          }),
        )
        .describe('Accuracy by quartile of (length of chosen - length of rejected), the shortest gap first'),
      accuracyByConfidence: z
        .array(
          z.strictObject({
            lower: z.number().describe('Lower end, included'),
            upper: z.number().describe('Upper end'),
            n: count.describe('Pairs'),
            accuracy: z.number().describe('Share whose better side got the higher score'),
          }),
        )
        .describe('Accuracy by how sure the labels are, |2 P(chosen is better) - 1|'),
      accuracyBySource: z
        .array(
          z.strictObject({
            source: z.string().describe('Where it came from'),
            n: count.describe('Pairs'),
            accuracy: z.number().describe('Share whose better side got the higher score'),
          }),
        )
        .describe('Accuracy by where the pairs came from, such as `simulated` and `human`'),
    })
    .describe('What it is worth on pairs that it was not trained on'),
});
