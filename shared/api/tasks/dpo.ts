/** Direct preference optimisation on the preference pairs: a control that trains no preference model and no PPO. */
import { z } from 'zod';
import { count, promptForm, SUPERVISED_DEFAULTS, supervisedFields } from './settings.ts';

export const dpoHyperparameters = z.strictObject({
  ...supervisedFields,
  beta: z
    .number()
    .positive()
    .max(100)
    .describe('Strength of the pull to the reference: the coefficient of the KL that the loss implies'),
  batchPairs: z.int().min(1).max(65_536).describe('Pairs of one training step'),
  microbatchPairs: z.int().min(1).max(65_536).describe('Pairs that go through the engine together'),
});

export const DPO_DEFAULTS: z.infer<typeof dpoHyperparameters> = {
  ...SUPERVISED_DEFAULTS,
  beta: 0.1,
  epochs: 1,
  batchPairs: 64,
  microbatchPairs: 8,
  schedule: 'linear',
  warmupShare: 0.1,
};

/** Inputs: `pairs-0000`, ... in order of shard. Output: `adapter`. */
export const dpoParameters = dpoHyperparameters.extend({
  promptForm: promptForm.describe('In which form the model is asked'),
});

export const dpoResult = z.strictObject({
  pairs: count.describe('Pairs that were trained on'),
  droppedPairs: count.describe('Pairs that were longer than `maximumLength`'),
  steps: count.describe('Steps that were taken'),
  trainLoss: z.number().describe('Mean loss over the last epoch'),
  accuracy: z
    .number()
    .min(0)
    .max(1)
    .describe(
      "Share of the last epoch's pairs whose margin over the reference agreed with the label before " +
        'their update',
    ),
  meanMargin: z
    .number()
    .describe("Mean over the last epoch of log p(chosen) - log p(rejected) over the reference's, nats"),
});
