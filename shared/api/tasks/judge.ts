/** Judge: the aligned model against the base on the same prompts, by judges that no training step saw. */
import { z } from 'zod';
import { count, interval, promptForm, summary } from './settings.ts';

export const judgeHyperparameters = z.strictObject({
  judges: z
    .array(z.enum(['sentiment']))
    .min(1)
    .max(8)
    .refine((value) => new Set(value).size === value.length, { error: 'must not repeat a judge' }),
});

export const JUDGE_DEFAULTS: z.infer<typeof judgeHyperparameters> = { judges: ['sentiment'] };

/** Inputs: `completions-0000`, ... and `base-completions-0000`, ... Output: `comparisons`. */
export const judgeParameters = judgeHyperparameters.extend({ promptForm });

const system = z.strictObject({
  tokens: summary,
  endedShare: z.number(),
  distinct2: z.number(),
  meanScore: z.number(),
  perplexityUnderBase: z.number(),
});

/** One judge's verdict; the first system is the aligned model, the second the base. */
export const judgement = z.strictObject({
  judge: z.string(),
  n: count,
  winRate: z.number(),
  interval,
  wins: count,
  losses: count,
  ties: count,
  /** Win rate at equal lengths; null where lengths cannot be told from quality. */
  lengthControlled: z.strictObject({ rate: z.number(), interval }).nullable(),
  first: system,
  second: system,
  /** First / second. */
  ratios: z.strictObject({ length: z.number(), distinct2: z.number(), perplexity: z.number() }),
});

export const judgeResult = z.strictObject({ judgements: z.array(judgement).min(1) });

/** A line of `comparisons`. */
export const comparisonLine = z.object({
  judge: z.string().min(1).max(200),
  promptId: z.string().min(1).max(200),
  prompt: z.string(),
  first: z.string(),
  second: z.string(),
  firstScore: z.number(),
  secondScore: z.number(),
  /** The first system's share: 1 won, 0 lost, 0.5 tied. */
  share: z.union([z.literal(0), z.literal(0.5), z.literal(1)]),
});
