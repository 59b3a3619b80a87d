/** Best of n: the base model answers n times, the preference model keeps the answer it likes best (a control). */
import { z } from 'zod';
import { generateHyperparameters, generateResult } from './generate.ts';
import { count, promptForm } from './settings.ts';

export const bestOfNHyperparameters = z.strictObject({
  candidates: z.int().min(2).max(1024).describe('Answers a prompt, of which one is kept'),
});

export const BEST_OF_N_DEFAULTS: z.infer<typeof bestOfNHyperparameters> = { candidates: 16 };

/** Sampling is that of the stage `generate`, so that both systems answer alike. Input: `preference-model`. Output: `completions`. */
export const bestOfNParameters = generateHyperparameters.extend({
  ...bestOfNHyperparameters.shape,
  promptForm: promptForm.describe('In which form the model is asked'),
  responseOpening: z.string().max(2000).describe('Text that every response continues; empty for none'),
});

/** Of the answers that were kept. */
export const bestOfNResult = generateResult.extend({
  candidates: count.describe('Answers a prompt, of which one was kept'),
  scoreGain: z
    .number()
    .describe("Mean score of the kept answers less that of all candidates, in the preference model's unit"),
});
