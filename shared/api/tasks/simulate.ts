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

const leastContrast = z.number().min(0).max(1000);

const simulateFields = z.strictObject({
  ...samplingFields,
  /** Samples a side may take until the filter accepts one; a prompt with a failed side is dropped. */
  maximumTries: z.int().min(1).max(100),
  /** Tokens that contain one of these texts are never sampled. */
  bannedTexts: z.array(z.string().min(1).max(100)).max(100),
  promptLimit,
  /** Pairs sampled from each prompt; each draws its own affix pair. The paper samples one. */
  pairsPerPrompt: z.int().min(1).max(64),
});

export const simulateHyperparameters = simulateFields.extend({
  /** What RLAIF takes its two samples from: the plain prompt as in the paper, or the positive one; rlaif only. */
  samplesFrom: z.enum(['plain', 'positive']),
  /**
   * Nats by which each side must be likelier behind its own prompt than behind the opposite one; pairs that fall short are
   * dropped as `weak-contrast`. Null keeps all, as in the paper. For contrasted pairs of the runner's own engine only.
   */
  leastContrast: leastContrast.nullable(),
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

/** Output: `pairs` (preference-dataset). */
export const simulateParameters = simulateFields.extend({
  promptForm,
  /** Where affixes go in a chat; absent where there is no choice, which is the label. */
  placement: placement.optional(),
  /** Absent where all pairs are kept. */
  leastContrast: leastContrast.optional(),
  /** Text after the final `Assistant:` that every response continues; empty for none. */
  responseOpening: z.string().max(2000),
  /**
   * contrast: chosen from the positive affix, rejected from the negative one;
   * plain: both from the plain prompt, still to be labelled;
   * two-positive: both from the positive affix, still to be labelled;
   * positive: the positive affix alone, and `rejected` stays empty.
   */
  sides: z.enum(['contrast', 'plain', 'two-positive', 'positive']),
});

export const simulateResult = z.strictObject({
  prompts: count,
  pairs: count,
  /** Prompts that were dropped, by reason. */
  dropped: counts,
  /** Samples that the filter refused, by reason, for each side. */
  rejected: z.strictObject({ chosen: counts, rejected: counts }),
  /**
   * Tokens of the accepted responses, by the simulator's own tokenizer; words where a server does not count them. Null
   * where there is none.
   */
  lengths: z.strictObject({ chosen: summary.nullable(), rejected: summary.nullable() }),
  duplicates: count,
  /** Mean share of 2-grams that the two sides of a pair have in common; null without pairs. */
  overlap: z.number().nullable(),
  /** Mean tries of the accepted responses, for each side: retries bias the sample. */
  meanTries: z.strictObject({ chosen: z.number().nullable(), rejected: z.number().nullable() }),
  /** Of a simulator that is served elsewhere; absent where the runner's engine sampled. */
  served: servedUsage.optional(),
});

/** How a side was made, and of the first pairs of a shard what its affix did to each token. */
const sideProvenance = z.looseObject({
  /** Under the prompt with the affix, and as reference under the plain prompt. */
  likelihoods: sampleTokens.optional(),
  /** Nats by which it is likelier behind its own prompt than behind the opposite one, where that was asked for. */
  contrast: z.number().optional(),
});

/** A line of `pairs`. */
export const preferencePairLine = z.object({
  promptId: z.string().min(1).max(200),
  prompt: z.string(),
  chosen: z.string(),
  rejected: z.string(),
  /** Probability that `chosen` is the better one. */
  labelProbability: z.number().min(0).max(1),
  /** Index into the principle's pairs; null where none was used. */
  affixPair: count.nullable(),
  provenance: z
    .looseObject({ chosen: sideProvenance.optional(), rejected: sideProvenance.optional() })
    .optional(),
});
