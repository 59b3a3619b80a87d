/** Generate: one response to every prompt of a shard, by an adapter or by the base model. */
import { z } from 'zod';
import { count, leftOut, promptForm, promptLimit, samplingFields, summary } from './settings.ts';

export const generateHyperparameters = z.strictObject({
  ...samplingFields,
  promptLimit: promptLimit.describe('The first prompts of the split that are used; null for all'),
});

export const GENERATE_DEFAULTS: z.infer<typeof generateHyperparameters> = {
  temperature: 1,
  topP: 0.9,
  maximumNewTokens: 300,
  promptLimit: null,
};

/** Input: `adapter`, absent for the base model. Output: `completions`. */
export const generateParameters = generateHyperparameters.extend({
  promptForm: promptForm.describe('In which form the model is asked'),
  responseOpening: z.string().max(2000).describe('Text that every response continues; empty for none'),
});

export const generateResult = z.strictObject({
  n: count.describe('Prompts that were answered'),
  leftOut: leftOut.describe('Prompts that the stage left out, by reason; absent where it used them all'),
  tokens: summary.nullable().describe('Tokens of a response, over the responses; null without any'),
  endedShare: z
    .number()
    .min(0)
    .max(1)
    .nullable()
    .describe('Share of the responses that the model ended itself; null without any'),
  distinct2: z
    .number()
    .nullable()
    .describe('Dist-2: different pairs of neighbouring tokens over all of them; null without any'),
  perplexityUnderBase: z
    .number()
    .nullable()
    .describe('exp of the mean negative log-probability per token under the base model'),
});

/** A line of `completions`. */
export const completionLine = z.object({
  promptId: z
    .string()
    .min(1)
    .max(200)
    .describe("The prompt's id: the number of its row in the upload, from 0"),
  prompt: z.string().describe('The prompt'),
  completion: z.string().describe('What the model wrote'),
  tokens: count.describe('Tokens of the response'),
  ended: z.boolean().describe('Whether the model ended the response itself'),
  baseLogProbability: z.number().describe('Nats, summed over the response'),
});
