/** What a contrast of prompts does to a model's answers: the figures of a measurement, and what is measured. */
import { z } from 'zod';
import { count, counts, interval, leftOut, placement, promptForm, summary } from '../api/tasks/settings.ts';

/** A contrast as a principle and a model make it. */
export const contrastSettings = z.strictObject({
  promptForm,
  /** In a chat; that of the form where it is left out. */
  placement: placement.optional(),
  responseOpening: z.string(),
  /** Each prompt draws one, as in the simulation. */
  affixPairs: z.array(z.object({ positive: z.string(), negative: z.string() })).min(1),
});
export type ContrastSettings = z.output<typeof contrastSettings>;

const share = z.object({ share: z.number().min(0).max(1), interval });

/** The answers of one side. */
const contrastSide = z.object({
  /** log p(answer | own affix) - log p(answer | opposite affix), of the answers. */
  nats: summary,
  /** Tokens of the answers, their end included. */
  tokens: summary,
  accepted: count,
  /** Answers that the simulation's filter refuses, by reason. */
  rejected: counts,
  /** Answers that ran to the limit of new tokens. */
  truncated: count,
});

const shownAnswer = z.object({ text: z.string(), nats: z.number(), accepted: z.boolean() });

export const contrastMeasurement = z.object({
  /** Prompts that were answered, once a side. */
  prompts: count,
  leftOut,
  /** Answers of both sides whose likelihood is larger under their own affix than under the opposite one. */
  separation: share,
  /** Answers of both sides that the filter keeps. */
  acceptance: share,
  positive: contrastSide,
  negative: contrastSide,
  /** Mean tokens of the positive side less those of the negative one. */
  lengthGap: z.number(),
  /** Of both sides. */
  truncatedShare: z.number().min(0).max(1),
  /** Tokens a second. */
  rates: z.object({ sampled: z.number(), read: z.number() }),
  /** Of the first prompts, side by side. */
  examples: z.array(z.object({ prompt: z.string(), positive: shownAnswer, negative: shownAnswer })),
});
export type ContrastMeasurement = z.output<typeof contrastMeasurement>;
