/** Train a scorer: an edge-sized student of the preference model, taught by its scores of pairs and of fresh samples. */
import { z } from 'zod';
import { SCORER_FORMAT } from '../../scoring/calibration.ts';
import { count, interval, placement, promptForm, samplingFields } from './settings.ts';

const { temperature, topP, maximumNewTokens } = samplingFields;

export const trainScorerHyperparameters = z.strictObject({
  temperature,
  topP,
  maximumNewTokens,
  /** Train prompts that the base model answers anew, for the teacher to score beside the pairs. */
  freshPrompts: z.int().min(2).max(1_000_000),
  /** Times that it answers each: under both sides of an affix pair drawn anew, and twice to the plain prompt. */
  freshRounds: z.int().min(1).max(64),
  /** Share of the prompts that train nothing and measure the student. */
  heldOutShare: z.number().min(0.01).max(0.5),
  epochs: z.int().min(1).max(1000),
  batchPairs: z.int().min(1).max(4096),
  learningRate: z.number().positive().max(10),
  /** Share of the words that a training step leaves out of a text. */
  featureDropout: z.number().min(0).max(0.9),
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
  promptForm,
  /** As of the simulation. */
  placement: placement.optional(),
  responseOpening: z.string().max(2000),
  /** Of the file: part of the task's key, so that a file of an earlier form is not taken for this task's output. */
  format: z.literal(SCORER_FORMAT),
});

const agreement = z.strictObject({
  n: count,
  /** Share of pairs that student and teacher order alike; equal scores count half. */
  agreement: z.number(),
  interval,
});

export const trainScorerResult = z.strictObject({
  texts: count,
  bytes: count,
  /** All on prompts that trained nothing, by the student as it is in the file. */
  heldOut: z.strictObject({
    /** Pairs of the simulation. */
    pairs: agreement,
    /** Two answers to the same plain prompt: closer than the sides of a contrast, so harder. */
    freshPairs: agreement,
    /** Spearman's rho of student and teacher over texts, bootstrap interval. */
    rankCorrelation: z.strictObject({ n: count, value: z.number(), interval }),
    /** Agreement with the teacher by quartile of the pairs' mean length in words, the shortest first. */
    byLength: z.array(agreement.extend({ lower: z.number(), upper: z.number() })),
    /** Agreement with the teacher by quartile of the difference of its two scores: near 0 it has no opinion to copy. */
    byMargin: z.array(agreement.extend({ lower: z.number(), upper: z.number() })),
    /** Agreement of student and of teacher with the labels of the simulated pairs; null where none has a side. */
    labels: z.strictObject({ n: count, student: z.number(), teacher: z.number() }).nullable(),
  }),
});
