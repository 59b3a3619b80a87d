/** A language of some forty words in which good and bad can be counted, and a small model that has learnt to speak it. */
import type { Model } from '../../../gpu-runner/llama/weights/model.ts';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Architecture, LLAMA } from '../../../gpu-runner/llama/model/architecture.ts';
import { openModel } from '../../../gpu-runner/llama/backends/open-model.ts';
import { trainTokenizer } from '../../fixtures/train-tokenizer.ts';
import { LanguageModelTrainer } from '../../../gpu-runner/llama/trainer/language-model-trainer.ts';
import { writeTrainedBase } from '../../../gpu-runner/llama/trainer/trained-base.ts';
import { groupVector, initialState } from '../../../gpu-runner/llama/trainer/training-state.ts';
import { fullLayout } from '../../../gpu-runner/llama/trainer/full-weights.ts';
import { integerBelow, normal, uniform } from '../../../shared/random.ts';

export const KIND_WORDS = ['help', 'share', 'hug', 'smile', 'thank', 'give', 'laugh', 'care'];
export const MEAN_WORDS = ['fight', 'push', 'shout', 'cry', 'steal', 'break'];
const NEUTRAL_WORDS = (
  'the a cat dog boy girl bird tree house ball park day sun road river hill runs walks sees finds takes ' +
  'goes says then and with'
).split(' ');
export const WORDS = [...NEUTRAL_WORDS, ...KIND_WORDS, ...MEAN_WORDS];

const SEED = 20;
const STREAM = { words: 1, ends: 2, start: 3 } as const;

/** Words a text has before it may end, and the chance that it ends after each further one. */
const SHORTEST = 4;
const END = 0.12;
const LONGEST = 24;

/** The `index`-th text of the language: neutral words mostly, each kind or mean word now and then. */
export function syntheticText(index: number): string[] {
  const words: string[] = [];
  for (let place = 0; place < LONGEST; place++) {
    const counter = index * LONGEST + place;
    if (place >= SHORTEST && uniform(SEED, STREAM.ends, counter) < END) break;
    const class_ = uniform(SEED, STREAM.words, 2 * counter);
    const from = class_ < 0.1 ? KIND_WORDS : class_ < 0.2 ? MEAN_WORDS : NEUTRAL_WORDS;
    words.push(from[integerBelow(from.length, SEED, STREAM.words, 2 * counter + 1)] ?? '');
  }
  return words;
}

const VOCABULARY = 393;

const architecture: Architecture = {
  vocabularySize: VOCABULARY,
  hiddenSize: 32,
  intermediateSize: 64,
  layers: 2,
  heads: 2,
  keyValueHeads: 1,
  headSize: 16,
  maximumPositions: 64,
  ...LLAMA,
  rope: { ...LLAMA.rope, rotarySize: 16 },
  tiedEmbedding: true,
  bosToken: 1,
  eosTokens: [2],
  padToken: 0,
};

const STEPS = 60;
const BATCH = 64;
const RATE = 1e-2;

/** Trains the model (seconds) into `folder` and opens it. Its weights depend on nothing but this file. */
export async function openSyntheticModel(folder: string): Promise<Model> {
  mkdirSync(folder, { recursive: true });
  const texts = Array.from({ length: 400 }, (_, index) => syntheticText(index).join(' '));
  const { tokenizer, config } = trainTokenizer(texts, {
    vocabularySize: VOCABULARY,
    minimumCharacterCount: 1,
  });
  const base = join(folder, 'base');
  const untrained = join(folder, 'untrained');
  const write = async (place: string, vector: Float32Array, precision: 'fp32' | 'int8') => {
    await writeTrainedBase(place, architecture, precision, vector, 'a synthetic language');
    writeFileSync(join(place, 'tokenizer.json'), JSON.stringify(tokenizer));
    writeFileSync(join(place, 'tokenizer_config.json'), JSON.stringify(config));
  };
  const start = startVector();
  // Opened once untrained, for its tokenizer.
  await write(untrained, start, 'int8');
  const model = await openModel(untrained, { cacheDirectory: join(folder, 'cache') });
  await write(base, await pretrain(model, start), 'int8');
  return await openModel(base, { cacheDirectory: join(folder, 'cache') });
}

function startVector(): Float32Array {
  const tensors = fullLayout(architecture);
  const vector = new Float32Array(tensors.reduce((sum, { length }) => sum + length, 0));
  for (const { shape, offset, length } of tensors) {
    const deviation = 1 / Math.sqrt(architecture.hiddenSize);
    for (let index = offset; index < offset + length; index++) {
      vector[index] = shape.length === 1 ? 1 : deviation * normal(SEED, STREAM.start, index);
    }
  }
  return vector;
}

async function pretrain({ tokenizer }: Model, start: Float32Array): Promise<Float32Array> {
  const trainer = await LanguageModelTrainer.open({
    trainable: { kind: 'full', architecture },
    state: initialState([start]),
    optimiser: {
      beta1: 0.9,
      beta2: 0.95,
      epsilon: 1e-8,
      epsilonForm: 'corrected',
      weightDecay: 0,
      clipNorm: 1,
    },
    maximumTime: LONGEST + 2,
    microbatchRows: BATCH,
  });
  try {
    for (let step = 0; step < STEPS; step++) {
      const rows = Array.from({ length: BATCH }, (_, row) => ({
        tokens: [
          ...tokenizer.encode(syntheticText(step * BATCH + row).join(' '), { bos: true }),
          ...architecture.eosTokens,
        ],
        start: 1,
      }));
      const { loss } = await trainer.step([rows], [RATE * Math.cos((Math.PI / 2) * (step / STEPS))]);
      if (step % 20 === 0 || step === STEPS - 1) {
        console.error(`the synthetic model, step ${step}: ${loss.toFixed(3)} nats a token`);
      }
    }
    return groupVector(trainer.state, 0).slice();
  } finally {
    await trainer.close();
  }
}
