/** Simulate: sample both sides of every prompt of a shard and keep what the response filter accepts. */
import { z } from 'zod';
import { sampleTokens } from '../sample-tokens.ts';
import {
  count,
  counts,
  placement,
  promptForm,
  promptLimit,
  samplingFields,
  servedUsage,
  summary,
} from './settings.ts';

export const bannedTexts = z
  .array(z.string().min(1).max(100))
  .max(100)
  .describe('Tokens that contain one of these texts are never sampled');

const leastContrast = z.number().min(0).max(1000);

const simulateFields = z.strictObject({
  ...samplingFields,
  maximumTries: z
    .int()
    .min(1)
    .max(100)
    .describe('Samples a side may take until the filter accepts one; a prompt with a failed side is dropped'),
  bannedTexts,
  promptLimit: promptLimit.describe('The first prompts of the split that are used; null for all'),
  pairsPerPrompt: z
    .int()
    .min(1)
    .max(64)
    .describe('Pairs sampled from each prompt; each draws its own affix pair. The paper samples one'),
});

export const simulateHyperparameters = simulateFields.extend({
  samplesFrom: z
    .enum(['plain', 'positive'])
    .describe(
      'What RLAIF takes its two samples from: the plain prompt as in the paper, or the positive one; ' +
        'rlaif only',
    ),
  leastContrast: leastContrast
    .nullable()
    .describe(
      'Nats by which each side must be likelier behind its own prompt than behind the opposite one; ' +
        'pairs that fall short are dropped as `weak-contrast`. Null keeps all, as in the paper. For ' +
        "contrasted pairs of the runner's own engine only",
    ),
});

export const SIMULATE_DEFAULTS: z.infer<typeof simulateHyperparameters> = {
  temperature: 1,
  topP: 1,
  maximumNewTokens: 300,
  maximumTries: 5,
  bannedTexts: ['\\', '`'],
  promptLimit: null,
  pairsPerPrompt: 1,
  samplesFrom: 'plain',
  leastContrast: null,
};

/** Input: `stronger`, the pairs that a stronger model began, for the sides `weaker`. Output: `pairs` (preference-dataset). */
export const simulateParameters = simulateFields.extend({
  promptForm: promptForm.describe('In which form the model is asked'),
  placement: placement
    .optional()
    .describe('Where affixes go in a chat; absent where there is no choice, which is the label'),
  leastContrast: leastContrast
    .nullable()
    .optional()
    .describe('Null where contrast is measured and all pairs are kept; absent where it is not measured'),
  responseOpening: z
    .string()
    .max(2000)
    .describe('Text after the final `Assistant:` that every response continues; empty for none'),
  sides: z
    .enum(['contrast', 'plain', 'two-positive', 'positive', 'stronger', 'weaker'])
    .describe(
      'contrast: chosen from the positive affix, rejected from the negative one; plain: both from ' +
        'the plain prompt, still to be labelled; two-positive: both from the positive affix, still to be ' +
        'labelled; positive: the positive affix alone, and `rejected` stays empty; stronger: the plain ' +
        'prompt once, and `rejected` stays empty; weaker: the plain prompts of the pairs that a stronger ' +
        'model began, whose `rejected` it gives',
    ),
});
export type SimulatedSides = z.output<typeof simulateParameters>['sides'];

/** Whether both a prompt with an affix and the plain one are there to compare. */
export const hasAffixes = (sides: SimulatedSides): boolean =>
  sides === 'contrast' || sides === 'two-positive' || sides === 'positive';

export const simulateResult = z.strictObject({
  prompts: count.describe('Prompts of the shard'),
  pairs: count.describe('Pairs that were kept'),
  dropped: counts.describe('Prompts that were dropped, by reason'),
  rejected: z
    .strictObject({
      chosen: counts.describe('Of the side towards the principle'),
      rejected: counts.describe('Of the side away from it'),
    })
    .describe('Samples that the filter refused, by reason, for each side'),
  lengths: z
    .strictObject({
      chosen: summary.nullable().describe('Of the side towards the principle'),
      rejected: summary.nullable().describe('Of the side away from it'),
    })
    .describe(
      "Tokens of the accepted responses, by the simulator's own tokenizer; words where a server does " +
        'not count them. Null where there is none',
    ),
  duplicates: count.describe('Pairs whose two sides are the same text'),
  overlap: z
    .number()
    .nullable()
    .describe('Mean share of 2-grams that the two sides of a pair have in common; null without pairs'),
  meanTries: z
    .strictObject({
      chosen: z.number().nullable().describe('Of the side towards the principle'),
      rejected: z.number().nullable().describe('Of the side away from it'),
    })
    .describe('Mean tries of the accepted responses, for each side: retries bias the sample'),
  served: servedUsage
    .optional()
    .describe("Of a simulator that is served elsewhere; absent where the runner's engine sampled"),
});

/** How a side was made, and of the first pairs of a shard what its affix did to each token. */
const sideProvenance = z.looseObject({
  likelihoods: sampleTokens
    .optional()
    .describe('Under the prompt with the affix, and as reference under the plain prompt'),
  contrast: z
    .number()
    .optional()
    .describe(
      'Nats by which it is likelier behind its own prompt than behind the opposite one, where that was ' +
        'asked for',
    ),
});

/** A line of `pairs`. */
export const preferencePairLine = z.object({
  promptId: z
    .string()
    .min(1)
    .max(200)
    .describe("The prompt's id: the number of its row in the upload, from 0"),
  prompt: z.string().describe('The prompt'),
  chosen: z.string().describe('The response that is taken for the better one'),
  rejected: z.string().describe('The response that is taken for the worse one'),
  labelProbability: z.number().min(0).max(1).describe('Probability that `chosen` is the better one'),
  affixPair: count.nullable().describe("Index into the principle's pairs; null where none was used"),
  provenance: z
    .looseObject({
      chosen: sideProvenance.optional().describe('Of the side towards the principle'),
      rejected: sideProvenance.optional().describe('Of the side away from it'),
    })
    .optional()
    .describe('How both sides were made'),
});
