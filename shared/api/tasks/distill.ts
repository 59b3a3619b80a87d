/** Context distillation: supervised training from the plain prompt to the response of the positive side. */
import { z } from 'zod';
import { adapterFields, count, optimiserFields, promptForm, scheduleKind } from './settings.ts';

export const distillHyperparameters = z.strictObject({
  ...adapterFields,
  ...optimiserFields,
  epochs: z.int().min(1).max(100),
  batchSize: z.int().min(1).max(65_536),
  microbatchSize: z.int().min(1).max(65_536),
  schedule: scheduleKind,
  warmupShare: z.number().min(0).max(1),
  maximumLength: z.int().min(16).max(32_768),
  checkpointEverySteps: z.int().min(1).max(100_000),
});

export const DISTILL_DEFAULTS: z.infer<typeof distillHyperparameters> = {
  rank: 8,
  alpha: 16,
  learningRate: 1e-4,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
  maximumGradientNorm: 1,
  epochs: 3,
  batchSize: 128,
  microbatchSize: 16,
  schedule: 'cosine',
  warmupShare: 0.03,
  maximumLength: 512,
  checkpointEverySteps: 20,
};

/** Inputs: `pairs-0000`, ... with the chosen side alone. Output: `adapter`. */
export const distillParameters = distillHyperparameters.extend({ promptForm });

export const distillResult = z.strictObject({
  examples: count,
  droppedExamples: count,
  steps: count,
  trainLoss: z.number(),
});
