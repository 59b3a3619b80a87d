/** Generate: one response to every prompt of a shard, by an adapter or by the base model. */
import { z } from 'zod';
import { count, leftOut, promptForm, promptLimit, samplingFields, summary } from './settings.ts';

export const generateHyperparameters = z.strictObject({ ...samplingFields, promptLimit });

export const GENERATE_DEFAULTS: z.infer<typeof generateHyperparameters> = {
  temperature: 1,
  topP: 0.9,
  maximumNewTokens: 300,
  promptLimit: null,
};

/** Input: `adapter`, absent for the base model. Output: `completions`. */
export const generateParameters = generateHyperparameters.extend({
  promptForm,
  responseOpening: z.string().max(2000),
});

export const generateResult = z.strictObject({
  n: count,
  leftOut,
  tokens: summary.nullable(),
  endedShare: z.number().min(0).max(1).nullable(),
  distinct2: z.number().nullable(),
  /** exp of the mean negative log-probability per token under the base model. */
  perplexityUnderBase: z.number().nullable(),
});

/** A line of `completions`. */
export const completionLine = z.object({
  promptId: z.string().min(1).max(200),
  prompt: z.string(),
  completion: z.string(),
  tokens: count,
  /** Whether the model ended the response itself. */
  ended: z.boolean(),
  /** Nats, summed over the response. */
  baseLogProbability: z.number(),
});
