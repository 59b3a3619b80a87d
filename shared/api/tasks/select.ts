/** Select: of the cells that keep the variety asked for, the one with the highest mean of the method's own reward. */
import { z } from 'zod';
import {
  contrastPlacement,
  count,
  interval,
  leftOut,
  promptForm,
  promptLimit,
  samplingFields,
} from './settings.ts';

export const selectHyperparameters = z.strictObject({
  ...samplingFields,
  promptLimit: promptLimit.describe('The first prompts of the split that are used; null for all'),
  minimumDistinct2: z
    .number()
    .min(0)
    .max(1)
    .nullable()
    .describe(
      "Share of the base model's Dist-2 that a cell's responses must keep for it to be chosen. If no " +
        'cell does, the one that keeps most is chosen. Null, the default, chooses by reward alone, as ' +
        'the paper does',
    ),
});

export const SELECT_DEFAULTS: z.infer<typeof selectHyperparameters> = {
  temperature: 1,
  topP: 1,
  maximumNewTokens: 300,
  promptLimit: 1000,
  minimumDistinct2: null,
};

/** Inputs: `preference-model`, unless the contrast is the reward, and every `cell-...`. Output: `adapter`, equal in bytes to the chosen cell. */
export const selectParameters = selectHyperparameters.extend({
  promptForm: promptForm.describe('In which form the model is asked'),
  placement: contrastPlacement,
  responseOpening: z.string().max(2000).describe('Text that every response continues; empty for none'),
  penaltyWithoutStop: z
    .number()
    .nullable()
    .describe('On the normalised scale of the PPO stage; null scores an unfinished response like any other'),
});

const cell = {
  klCoefficient: z.number().describe('KL coefficient of the cell'),
  steps: count.describe('PPO steps of the cell'),
};

export const selectResult = z.strictObject({
  leftOut: leftOut.describe('Prompts that the stage left out, by reason; absent where it used them all'),
  chosen: z.strictObject(cell).describe('The cell that was chosen'),
  minimumDistinct2: z
    .number()
    .nullable()
    .describe("Share of the base model's Dist-2 that was asked for; null: none"),
  base: z
    .strictObject({ meanReward: z.number(), interval })
    .optional()
    .describe("The same of the base model's own answers; absent in results from before it was told"),
  table: z
    .array(
      z.strictObject({
        ...cell,
        n: count.describe('Prompts that were answered'),
        meanReward: z.number().describe('Mean score of the responses, normalised'),
        interval,
        meanLength: z.number().describe('Mean tokens of the responses'),
        kl: z.number().describe('Nats a sequence from the base model'),
        distinct2: z.number().describe("Dist-2 over the base model's own on the same prompts"),
      }),
    )
    .min(1)
    .describe('Ordered by KL coefficient, then by steps'),
});
