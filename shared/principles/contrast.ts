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

const share = z.object({
  share: z.number().min(0).max(1).describe('Share of the answers'),
  interval: interval.describe('Around it'),
});

/** The answers of one side. */
const contrastSide = z.object({
  nats: summary.describe('log p(answer | own affix) - log p(answer | opposite affix), of the answers'),
  tokens: summary.describe('Tokens of the answers, their end included'),
  accepted: count.describe("Answers that the simulation's filter keeps"),
  rejected: counts.describe('Answers that it refuses, by reason'),
  truncated: count.describe('Answers that ran to the limit of new tokens'),
});

const shownAnswer = z.object({
  text: z.string().describe('What the model said'),
  nats: z.number().describe('By which it is likelier under its own affix than under the opposite one'),
  accepted: z.boolean().describe('Whether the filter keeps it'),
});

export const contrastMeasurement = z.object({
  prompts: count.describe('Prompts that were answered, once a side'),
  leftOut: leftOut.describe('Prompts that were left out, by reason; absent where all were used'),
  separation: share.describe(
    'Answers of both sides whose likelihood is larger under their own affix than under the opposite one',
  ),
  acceptance: share.describe('Answers of both sides that the filter keeps'),
  positive: contrastSide.describe('The side towards the principle'),
  negative: contrastSide.describe('The side away from it'),
  lengthGap: z.number().describe('Mean tokens of the positive side less those of the negative one'),
  truncatedShare: z.number().min(0).max(1).describe('Answers of both sides that ran to the limit'),
  rates: z
    .object({
      sampled: z.number().describe('Tokens a second, drawn one by one'),
      read: z.number().describe('Tokens a second, read at once'),
    })
    .describe('Speeds of the machine'),
  examples: z
    .array(
      z.object({
        prompt: z.string().describe('Without affix'),
        positive: shownAnswer.describe('Towards the principle'),
        negative: shownAnswer.describe('Away from it'),
      }),
    )
    .describe('Of the first prompts, side by side'),
});
export type ContrastMeasurement = z.output<typeof contrastMeasurement>;
