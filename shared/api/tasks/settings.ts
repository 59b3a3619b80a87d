/** Settings that several task kinds share. Every field is required: the edge resolves defaults, a runner has none. */
import { z } from 'zod';
import { PLACEMENTS } from '../../principles/placement.ts';

/** How an affix enters a prompt, and how a text of that kind ends; it comes from the principle. */
export const principleForm = z.enum(['dialogue', 'prefix']);

/** Where affixes go in a chat. */
export const placement = z.enum(PLACEMENTS);

/** Of a task that may put affixes into prompts. */
export const contrastPlacement = placement
  .optional()
  .describe('Where affixes go in a chat; absent where there is no choice, which is the label, or no affix');

/** `chat`: dialogues through the model's chat template. */
export const PROMPT_FORMS = ['dialogue', 'prefix', 'chat'] as const;
export const promptForm = z.enum(PROMPT_FORMS);

const probability = z.number().min(0).max(1);

/** A low-rank adapter on every linear layer. */
export const adapterFields = {
  rank: z.int().min(1).max(1024).describe('Rank of the adapter'),
  alpha: z
    .number()
    .positive()
    .max(4096)
    .describe("The adapter's scale: its product is multiplied by alpha / rank"),
};

/** AdamW with clipping of the gradient's norm. */
export const optimiserFields = {
  learningRate: z.number().positive().max(1).describe('Highest learning rate'),
  beta1: probability.describe("Decay of Adam's first moment"),
  beta2: probability.describe("Decay of Adam's second moment"),
  epsilon: z.number().positive().max(1).describe("Adam's epsilon"),
  weightDecay: z.number().min(0).max(1).describe('Decoupled weight decay'),
  maximumGradientNorm: z.number().positive().describe('Norm to which the gradient is clipped'),
};

export const scheduleKind = z.enum(['constant', 'linear', 'cosine']);

/** A supervised run of an adapter: epochs over examples, with a schedule. */
export const supervisedFields = {
  ...adapterFields,
  ...optimiserFields,
  epochs: z.int().min(1).max(100).describe('Passes over the examples'),
  schedule: scheduleKind.describe('How the learning rate falls after the warm-up'),
  warmupShare: z.number().min(0).max(1).describe('Share of the steps in which the rate rises from 0'),
  maximumLength: z
    .int()
    .min(16)
    .max(32_768)
    .describe('Tokens of prompt and response; longer examples are dropped and counted'),
  checkpointEverySteps: z.int().min(1).max(100_000).describe('Steps between two checkpoints'),
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
  temperature: z.number().positive().max(10).describe('Sampling temperature'),
  topP: z.number().positive().max(1).describe('1 samples from the whole distribution'),
  maximumNewTokens: z
    .int()
    .min(1)
    .max(8192)
    .describe("Tokens of the longest response; unless given a small context's prompts have their room first"),
};

/** The first prompts of the split that are used; null for all of them. */
export const promptLimit = z.int().min(1).max(10_000_000).nullable();

/** As shared/statistics/interval.ts has it. */
export const interval = z
  .object({
    lower: z.number().describe('Its lower end'),
    upper: z.number().describe('Its upper end'),
    confidence: probability.describe('Share of such intervals that hold the true value'),
  })
  .meta({ id: 'Interval', description: 'An interval around an estimate' });

/** As shared/statistics/summary.ts has it. */
export const summary = z
  .object({
    n: z.int().nonnegative().describe('How many values'),
    mean: z.number().describe('Their mean'),
    standardDeviation: z.number().nullable().describe('Their standard deviation; null for fewer than two'),
    minimum: z.number().describe('The least value'),
    median: z.number().describe('Their median'),
    maximum: z.number().describe('The greatest value'),
  })
  .meta({ id: 'Summary', description: 'How values are spread' });

export const count = z.int().nonnegative();

/** As shared/statistics/calibration.ts has them. */
export const calibrationBins = z
  .array(
    z.strictObject({
      lower: z.number().describe('Lower end, included'),
      upper: z.number().describe('Upper end'),
      n: count.describe('Pairs'),
      meanProbability: z.number().describe('Mean probability in the bin'),
      meanOutcome: z.number().describe('Mean outcome in the bin'),
    }),
  )
  .describe('Probabilities against outcomes, in bins');

/** What a model that is served elsewhere was asked, where one did the work. */
export const servedUsage = z
  .strictObject({
    requests: count.describe('Answers that the result rests on; each was asked for once'),
    retries: count.describe('Requests that had to be repeated'),
    tokens: z
      .strictObject({
        input: count.describe('Tokens that were read'),
        output: count.describe('Tokens that were written'),
      })
      .nullable()
      .describe('As the server counted them; null where it does not say'),
    cost: z
      .number()
      .nonnegative()
      .nullable()
      .describe("In the unit of the model's price; null where it has none"),
  })
  .meta({ id: 'ServedUsage', description: 'What a model that is served elsewhere was asked' });
export type ServedUsage = z.output<typeof servedUsage>;

/** Counts by name, such as rejections by reason. */
export const counts = z.record(z.string().max(100), count);
