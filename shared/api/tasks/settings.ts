/** Settings that several task kinds share. Every field is required: the edge resolves defaults, a runner has none. */
import { z } from 'zod';
import { PLACEMENTS } from '../../principles/placement.ts';

/** How an affix enters a prompt, and how a text of that kind ends; it comes from the principle. */
export const principleForm = z.enum(['dialogue', 'prefix']);

/** Where affixes go in a chat. */
export const placement = z.enum(PLACEMENTS);

/** `chat`: dialogues through the model's chat template. */
export const PROMPT_FORMS = ['dialogue', 'prefix', 'chat'] as const;
export const promptForm = z.enum(PROMPT_FORMS);

const probability = z.number().min(0).max(1);

/** A low-rank adapter on every linear layer. */
export const adapterFields = {
  rank: z.int().min(1).max(1024),
  alpha: z.number().positive().max(4096),
};

/** AdamW with clipping of the gradient's norm. */
export const optimiserFields = {
  learningRate: z.number().positive().max(1),
  beta1: probability,
  beta2: probability,
  epsilon: z.number().positive().max(1),
  weightDecay: z.number().min(0).max(1),
  maximumGradientNorm: z.number().positive(),
};

export const scheduleKind = z.enum(['constant', 'linear', 'cosine']);

/** A supervised run of an adapter: epochs over examples, with a schedule. */
export const supervisedFields = {
  ...adapterFields,
  ...optimiserFields,
  epochs: z.int().min(1).max(100),
  schedule: scheduleKind,
  /** Share of the steps in which the rate rises from 0. */
  warmupShare: z.number().min(0).max(1),
  /** Tokens of prompt and response; longer examples are dropped and counted. */
  maximumLength: z.int().min(16).max(32_768),
  checkpointEverySteps: z.int().min(1).max(100_000),
};

/** Adapter and optimiser of every training task unless it says otherwise. */
export const ADAPTER_DEFAULTS = {
  rank: 8,
  alpha: 16,
  learningRate: 1e-4,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
  maximumGradientNorm: 1,
};

export const SUPERVISED_DEFAULTS = { ...ADAPTER_DEFAULTS, maximumLength: 512, checkpointEverySteps: 20 };

/**
 * Prompts that the stage left out, by reason: `too-long`, `no-token`, `template`, `no-open-turn`; absent where it
 * used them all.
 */
export const leftOut = z.record(z.string(), z.int().positive()).optional();

/** Sampling of one response. */
export const samplingFields = {
  temperature: z.number().positive().max(10),
  /** 1 samples from the whole distribution. */
  topP: z.number().positive().max(1),
  /** Tokens of the longest response; unless given a small context's prompts have their room first. */
  maximumNewTokens: z.int().min(1).max(8192),
};

/** The first prompts of the split that are used; null for all of them. */
export const promptLimit = z.int().min(1).max(10_000_000).nullable();

/** As shared/statistics/interval.ts has it. */
export const interval = z.object({ lower: z.number(), upper: z.number(), confidence: probability });

/** As shared/statistics/summary.ts has it. */
export const summary = z.object({
  n: z.int().nonnegative(),
  mean: z.number(),
  standardDeviation: z.number().nullable(),
  minimum: z.number(),
  median: z.number(),
  maximum: z.number(),
});

export const count = z.int().nonnegative();

/** What a model that is served elsewhere was asked, where one did the work. */
export const servedUsage = z.strictObject({
  /** Answers that the result rests on; each was asked for once. */
  requests: count,
  /** Requests that had to be repeated. */
  retries: count,
  /** As the server counted them; null where it does not say. */
  tokens: z.strictObject({ input: count, output: count }).nullable(),
  /** In the unit of the model's price; null where it has none. */
  cost: z.number().nonnegative().nullable(),
});
export type ServedUsage = z.output<typeof servedUsage>;

/** Counts by name, such as rejections by reason. */
export const counts = z.record(z.string().max(100), count);
