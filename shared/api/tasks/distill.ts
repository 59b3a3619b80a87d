/** Context distillation: supervised training from the plain prompt to the response of the positive side. */
import { z } from 'zod';
import { count, promptForm, SUPERVISED_DEFAULTS, supervisedFields } from './settings.ts';

export const distillHyperparameters = z.strictObject({
  ...supervisedFields,
  batchSize: z.int().min(1).max(65_536).describe('Examples of one training step'),
  microbatchSize: z.int().min(1).max(65_536).describe('Examples that go through the engine together'),
});

export const DISTILL_DEFAULTS: z.infer<typeof distillHyperparameters> = {
  ...SUPERVISED_DEFAULTS,
  epochs: 3,
  batchSize: 128,
  microbatchSize: 16,
  schedule: 'cosine',
  warmupShare: 0.03,
};

/** Inputs: `pairs-0000`, ... with the chosen side alone. Output: `adapter`. */
export const distillParameters = distillHyperparameters.extend({
  promptForm: promptForm.describe('In which form the model is asked'),
});

export const distillResult = z.strictObject({
  examples: count.describe('Examples that were trained on'),
  droppedExamples: count.describe('Examples that were longer than `maximumLength`'),
  steps: count.describe('Steps that were taken'),
  trainLoss: z.number().describe('Mean loss over the last epoch'),
});
