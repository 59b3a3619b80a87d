/** The shape of the bundled model and the recipe of its training: what `npm run pretrain` does unless told otherwise. */
import type { LearningRateSchedule } from '../../tensor/learning-rate.ts';
import type { OptimiserOptions } from '../../llama/trainer/trainer.ts';
import { type Architecture, LLAMA } from '../../llama/model/architecture.ts';
import { specialTokens } from '../../llama/tokenizer/tokenizer-json.ts';

export const architecture: Architecture = {
  vocabularySize: 1536,
  hiddenSize: 192,
  intermediateSize: 512,
  layers: 3,
  heads: 4,
  keyValueHeads: 2,
  headSize: 48,
  maximumPositions: 256,
  ...LLAMA,
  rope: { ...LLAMA.rope, rotarySize: 48 },
  tiedEmbedding: true,
  bosToken: specialTokens.bos,
  eosTokens: [specialTokens.eos],
  padToken: specialTokens.unknown,
};

export const optimiser: OptimiserOptions = {
  beta1: 0.9,
  beta2: 0.98,
  epsilon: 1e-8,
  weightDecay: 0.05,
  epsilonForm: 'corrected',
  clipNorm: 1,
};

/** Documents of one update. */
export const BATCH_DOCUMENTS = 24;

/** Most batches are cut short, which is cheap and enough to learn words and tone; every fifth goes to the end. */
export const SHORT_DOCUMENT_TOKENS = 144;
export const LONG_BATCH_EVERY = 5;

/** Last stories of the file, which no step sees: they measure the model. */
export const HELD_OUT_STORIES = 100;

/** The last steps teach that a tone line holds for what follows: this share of their documents are announced passages. */
export const ANNOUNCED_SHARE = 0.6;

export function toneSteps(steps: number): number {
  return Math.floor(steps * 0.35);
}

export const LEARNING_RATE = 3e-3;

export function schedule(steps: number): LearningRateSchedule {
  return { kind: 'cosine', warmupSteps: Math.min(100, steps), totalSteps: steps, final: 1 / 30 };
}
