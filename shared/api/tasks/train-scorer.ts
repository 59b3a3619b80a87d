/** Train a scorer: an edge-sized student of the preference model, taught by its scores of pairs and of fresh samples. */
import { z } from 'zod';
import { SCORER_FORMAT } from '../../scoring/calibration.ts';
import { count, interval, placement, promptForm, samplingFields } from './settings.ts';

const { temperature, topP, maximumNewTokens } = samplingFields;

export const trainScorerHyperparameters = z.strictObject({
  temperature: temperature.describe('Sampling temperature of the fresh answers'),
  topP: topP.describe('Nucleus of the fresh answers; 1 samples from the whole distribution'),
  maximumNewTokens: maximumNewTokens.describe('Most tokens of a fresh answer'),
  freshPrompts: z
    .int()
    .min(2)
    .max(1_000_000)
    .describe('Train prompts that the base model answers anew, for the teacher to score beside the pairs'),
  freshRounds: z
    .int()
    .min(1)
    .max(64)
    .describe(
      'Times that it answers each: under both sides of an affix pair drawn anew, and twice to the ' +
        'plain prompt',
    ),
  heldOutShare: z
    .number()
    .min(0.01)
    .max(0.5)
    .describe('Share of the prompts that train nothing and measure the student'),
  epochs: z.int().min(1).max(1000).describe('Passes over the examples'),
  batchPairs: z.int().min(1).max(4096).describe('Pairs of one training step'),
  learningRate: z.number().positive().max(10).describe('Highest learning rate'),
  featureDropout: z
    .number()
    .min(0)
    .max(0.9)
    .describe('Share of the words that a training step leaves out of a text'),
});

export const TRAIN_SCORER_DEFAULTS: z.infer<typeof trainScorerHyperparameters> = {
  temperature: 1,
  topP: 1,
  maximumNewTokens: 300,
  freshPrompts: 1000,
  freshRounds: 2,
  heldOutShare: 0.15,
  epochs: 6,
  batchPairs: 32,
  learningRate: 0.1,
  featureDropout: 0.2,
};

/** Inputs: `preference-model` and `pairs-0000`, ... Output: `scorer` (safetensors). */
export const trainScorerParameters = trainScorerHyperparameters.extend({
  promptForm: promptForm.describe('In which form the model is asked'),
  placement: placement.optional().describe('As of the simulation'),
  responseOpening: z.string().max(2000).describe('Text that every response continues; empty for none'),
  format: z
    .literal(SCORER_FORMAT)
    .describe(
      "Of the file: part of the task's key, so that a file of an earlier form is not taken for this " +
        "task's output",
    ),
});

const agreement = z.strictObject({
  n: count.describe('Pairs'),
  agreement: z
    .number()
    .describe('Share of pairs that student and teacher order alike; equal scores count half'),
  interval,
});

export const trainScorerResult = z.strictObject({
  texts: count.describe('Texts that were trained on'),
  bytes: count.describe("Size of the scorer's file"),
  heldOut: z
    .strictObject({
      pairs: agreement.describe('Pairs of the simulation'),
      freshPairs: agreement.describe(
        'Two answers to the same plain prompt: closer than the sides of a contrast, so harder',
      ),
      rankCorrelation: z
        .strictObject({ n: count.describe('Texts'), value: z.number().describe("Spearman's rho"), interval })
        .describe("Spearman's rho of student and teacher over texts, bootstrap interval"),
      byLength: z
        .array(
          agreement.extend({
            lower: z.number().describe('Lower end, included'),
            upper: z.number().describe('Upper end'),
          }),
        )
        .describe(
          "Agreement with the teacher by quartile of the pairs' mean length in words, the shortest first",
        ),
      byMargin: z
        .array(
          agreement.extend({
            lower: z.number().describe('Lower end, included'),
            upper: z.number().describe('Upper end'),
          }),
        )
        .describe(
          'Agreement with the teacher by quartile of the difference of its two scores: near 0 it has no ' +
            'opinion to copy',
        ),
      labels: z
        .strictObject({
          n: count.describe('Pairs'),
          student: z.number().describe("The student's agreement"),
          teacher: z.number().describe("The teacher's agreement"),
        })
        .nullable()
        .describe(
          'Agreement of student and of teacher with the labels of the simulated pairs; null where none has ' +
            'a side',
        ),
    })
    .describe('All on prompts that trained nothing, by the student as it is in the file'),
});
