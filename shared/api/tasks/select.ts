/** Select: of the cells that keep the variety asked for, the one with the highest mean of the method's own reward. */
import { z } from 'zod';
import { count, interval, leftOut, promptForm, promptLimit, samplingFields } from './settings.ts';

export const selectHyperparameters = z.strictObject({
  ...samplingFields,
  promptLimit,
  /**
   * Share of the base model's Dist-2 that a cell's responses must keep for it to be chosen. If no cell does, the one
   * that keeps most is chosen. Null, the default, chooses by reward alone, as the paper does.
   */
  minimumDistinct2: z.number().min(0).max(1).nullable(),
});

export const SELECT_DEFAULTS: z.infer<typeof selectHyperparameters> = {
  temperature: 1,
  topP: 1,
  maximumNewTokens: 300,
  promptLimit: 1000,
  minimumDistinct2: null,
};

/** Inputs: `preference-model` and every `cell-...`. Output: `adapter`, equal in bytes to the chosen cell. */
export const selectParameters = selectHyperparameters.extend({
  promptForm,
  responseOpening: z.string().max(2000),
  /** On the normalised scale of the PPO stage; null scores an unfinished response like any other. */
  penaltyWithoutStop: z.number().nullable(),
});

const cell = { klCoefficient: z.number(), steps: count };

export const selectResult = z.strictObject({
  leftOut,
  chosen: z.strictObject(cell),
  minimumDistinct2: z.number().nullable(),
  /** Ordered by KL coefficient, then by steps. */
  table: z
    .array(
      z.strictObject({
        ...cell,
        n: count,
        meanReward: z.number(),
        interval,
        meanLength: z.number(),
        kl: z.number(),
        /** Dist-2 over the base model's own on the same prompts. */
        distinct2: z.number(),
      }),
    )
    .min(1),
});
