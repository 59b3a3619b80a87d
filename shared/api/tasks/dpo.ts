/** Direct preference optimisation on the preference pairs: a control that trains no preference model and no PPO. */
import { z } from 'zod';
import { count, promptForm, SUPERVISED_DEFAULTS, supervisedFields } from './settings.ts';

export const dpoHyperparameters = z.strictObject({
  ...supervisedFields,
  /** Strength of the pull to the reference: the coefficient of the KL that the loss implies. */
  beta: z.number().positive().max(100),
  batchPairs: z.int().min(1).max(65_536),
  /** Pairs that go through the engine together. */
  microbatchPairs: z.int().min(1).max(65_536),
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
