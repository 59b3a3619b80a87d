/** Direct preference optimisation on the preference pairs: a control that trains no preference model and no PPO. */
import { z } from 'zod';
import { adapterFields, count, optimiserFields, promptForm, scheduleKind } from './settings.ts';

export const dpoHyperparameters = z.strictObject({
  ...adapterFields,
  ...optimiserFields,
  /** Strength of the pull to the reference: the coefficient of the KL that the loss implies. */
  beta: z.number().positive().max(100),
  epochs: z.int().min(1).max(100),
  batchPairs: z.int().min(1).max(65_536),
  /** Pairs that go through the engine together. */
  microbatchPairs: z.int().min(1).max(65_536),
  schedule: scheduleKind,
  /** Share of the steps in which the rate rises from 0. */
  warmupShare: z.number().min(0).max(1),
  /** Tokens of prompt and response; longer pairs are dropped and counted. */
  maximumLength: z.int().min(16).max(32_768),
  checkpointEverySteps: z.int().min(1).max(100_000),
});

export const DPO_DEFAULTS: z.infer<typeof dpoHyperparameters> = {
  rank: 8,
  alpha: 16,
  learningRate: 1e-4,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
  maximumGradientNorm: 1,
  beta: 0.1,
  epochs: 1,
  batchPairs: 64,
  microbatchPairs: 8,
  schedule: 'linear',
  warmupShare: 0.1,
  maximumLength: 512,
  checkpointEverySteps: 20,
};

/** Inputs: `pairs-0000`, ... in order of shard. Output: `adapter`. */
export const dpoParameters = dpoHyperparameters.extend({ promptForm });

export const dpoResult = z.strictObject({
  pairs: count,
  droppedPairs: count,
  steps: count,
  trainLoss: z.number(),
  /** Share of the last epoch's pairs whose margin over the reference agreed with the label before their update. */
  accuracy: z.number().min(0).max(1),
  /** Mean over the last epoch of log p(chosen) - log p(rejected) over the reference's, nats. */
  meanMargin: z.number(),
});
