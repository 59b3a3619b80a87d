/** Look: what a model makes of a principle and some prompts, and how fast, before a run is begun. */
import { z } from 'zod';
import { contrastMeasurement } from '../../principles/contrast.ts';
import { modelShape } from '../memory-plans.ts';
import { METHODS } from '../words.ts';
import { promptForm, samplingFields, placement } from './settings.ts';
import { bannedTexts, SIMULATE_DEFAULTS } from './simulate.ts';

/** As the simulation of the run would sample. */
const lookSampling = z.strictObject({ ...samplingFields, bannedTexts });

export const lookHyperparameters = lookSampling.extend({
  method: z
    .enum(METHODS)
    .exclude(['look'])
    .nullable()
    .describe(
      'The method that the look is taken for: a prompt set that has too few prompts for its stages is then refused before ' +
        'the look, as it would be after; null asks for nothing',
    ),
});

export const LOOK_DEFAULTS: z.infer<typeof lookHyperparameters> = {
  method: null,
  temperature: SIMULATE_DEFAULTS.temperature,
  topP: SIMULATE_DEFAULTS.topP,
  maximumNewTokens: SIMULATE_DEFAULTS.maximumNewTokens,
  bannedTexts: SIMULATE_DEFAULTS.bannedTexts,
};

/** No input and no output: the result is all there is. */
export const lookParameters = lookSampling.extend({
  promptForm: promptForm.describe('In which form the model is asked'),
  placement: placement
    .optional()
    .describe('Where affixes go in a chat; absent where there is no choice, which is the label'),
  responseOpening: z.string().max(2000).describe('Text that every response continues; empty for none'),
});

export const trainingMeasurement = z.object({
  trained: z.number().describe('Tokens a second, with a gradient'),
  secondsPerTask: z.number().describe('What a task costs before its first token'),
  promptTokens: z.number().describe('Mean tokens of a prompt, with what a template puts around it'),
  shape: modelShape,
  sampleRows: z.int().describe('Texts that are sampled together'),
});
export type TrainingMeasurement = z.output<typeof trainingMeasurement>;

export const lookResult = z.strictObject({
  contrast: contrastMeasurement.describe('What the affixes do to the answers'),
  training: trainingMeasurement.describe('How fast the machine trains, and how long prompts are'),
  device: z
    .strictObject({
      name: z.enum(['cpu', 'cuda']).describe('What it is'),
      memoryBytes: z.number().positive().nullable().describe('What it has; null where nobody says'),
    })
    .describe('What the runner of the look works on'),
});
export type LookResult = z.output<typeof lookResult>;
