/** The shape of the bundled model and the recipe of its training: what `npm run pretrain` does unless told otherwise. */
import type { LearningRateSchedule } from '../../tensor/learning-rate.ts';
import type { OptimiserOptions } from '../../llama/trainer/optimiser.ts';
import { type Architecture, LLAMA } from '../../llama/model/architecture.ts';

/** Tokens of the teacher's tokenizer that begin a text, end it, and fill rows up. */
export const specialNames = { bos: '<|endoftext|>', pad: '<|im_start|>', end: '<|im_end|>' } as const;

export const architecture: Architecture = {
  vocabularySize: 3072,
  hiddenSize: 192,
  intermediateSize: 512,
  layers: 4,
  heads: 4,
  keyValueHeads: 2,
  headSize: 48,
  maximumPositions: 256,
  ...LLAMA,
  rope: { ...LLAMA.rope, rotarySize: 48 },
  tiedEmbedding: true,
  bosToken: 0,
  padToken: 1,
  eosTokens: [2],
};

/** Of the teacher's adapter. */
export const adamW: OptimiserOptions = {
  beta1: 0.9,
  beta2: 0.98,
  epsilon: 1e-8,
  weightDecay: 0,
  epsilonForm: 'corrected',
  clipNorm: 1,
};

/** Of the student. */
export const optimiser: OptimiserOptions = { ...adamW, weightDecay: 0.05, matrices: 'orthogonal' };

/** Documents of one update. */
export const BATCH_DOCUMENTS = 20;

/** Documents are sorted by length within so many batches, so that little of a batch is padding. */
export const WINDOW_BATCHES = 8;

/** Last stories of the file, which no step sees: they measure the model. */
export const HELD_OUT_STORIES = 100;

/** In the last steps this share of the documents has a tone line, kind and mean equally often. */
export const ANNOUNCED_SHARE = 0.5;

export function toneSteps(steps: number): number {
  return Math.floor(steps * 0.35);
}

export const LEARNING_RATE = 3e-3;

export function schedule(steps: number): LearningRateSchedule {
  return { kind: 'cosine', warmupSteps: Math.min(50, steps), totalSteps: steps, final: 1 / 30 };
}
