/** Measures how fast this machine samples, reads and trains with a model: a few batches of each. */
import { Generator } from '../algorithms/generator.ts';
import type { Model } from '../llama/weights/model.ts';
import { adapterLayout, initialAdapter } from '../llama/model/lora-layout.ts';
import { PreferenceTrainer } from '../llama/trainer/preference-trainer.ts';
import { initialState } from '../llama/trainer/training-state.ts';
import { onDevice } from '../llama/backends/open-model.ts';
import { batchSizes } from '../../shared/planner/batch-sizes.ts';
import { openBaseModel } from '../tasks/open-base-model.ts';
import type { AnswerOf, QuestionOf, Rates } from '../../shared/engine-questions.ts';

const NEW_TOKENS = 24;
const PROMPT_TOKENS = 24;
const PAIRS = 16;
const STEPS = 2;
/** A backward pass costs about two forward passes. */
const PASSES_OF_TRAINING = 3;

const seconds = (since: number) => (performance.now() - since) / 1000;

/** @throws ModelFileError, AlgorithmInputError as the engine does */
export async function measureSpeed({
  source,
  cache,
  texts,
}: QuestionOf<'measure-speed'>): Promise<AnswerOf<'measure-speed'>> {
  const model = await onDevice(await openBaseModel(source, cache), 'cpu', cache);
  const {
    vocabularySize,
    hiddenSize,
    intermediateSize,
    layers,
    heads,
    keyValueHeads,
    headSize,
    tiedEmbedding,
  } = model.architecture;
  const tokens = texts.reduce((sum, text) => sum + model.tokenizer.encode(text).length, 0);
  return {
    rates: await measureRates(model),
    meanTokens: tokens / Math.max(1, texts.length),
    shape: {
      vocabularySize,
      hiddenSize,
      intermediateSize,
      layers,
      heads,
      keyValueHeads,
      headSize,
      tiedEmbedding,
    },
    sampleRows: batchSizes(model).sampleRows,
  };
}

async function measureRates(model: Model): Promise<Rates> {
  const started = performance.now();
  const sampling = await measureSampling(model);
  const training = await measureTraining(model);
  return {
    sampled: sampling.rate,
    read: training.rate * PASSES_OF_TRAINING,
    trained: training.rate,
    secondsPerTask: sampling.opening + training.opening,
    measuredSeconds: seconds(started),
  };
}

/** Any tokens do: the work of a step does not depend on which they are. */
function someTokens({ architecture }: Model, row: number, length: number): Int32Array {
  return Int32Array.from(
    { length },
    (_, place) => 3 + ((row * 61 + place * 37) % (architecture.vocabularySize - 3)),
  );
}

async function measureSampling(model: Model) {
  const opened = performance.now();
  const { sampleRows, scoreRows } = batchSizes(model);
  const generator = await Generator.open({
    model,
    promptForm: 'prefix',
    temperature: 1,
    topP: 1,
    maximumNewTokens: NEW_TOKENS,
    bannedTokens: [],
    seed: 1,
    maximumTime: PROMPT_TOKENS + NEW_TOKENS,
    referenceTemperature: 1,
    withReference: false,
    sampleRows,
    scoreRows,
  });
  try {
    const opening = seconds(opened);
    const requests = Array.from({ length: sampleRows }, (_, row) => ({
      promptTokens: someTokens(model, row, PROMPT_TOKENS),
      stream: row,
    }));
    const { signal } = new AbortController();
    await generator.generate(requests.slice(0, 1), signal);
    const since = performance.now();
    const generations = await generator.generate(requests, signal);
    const tokens = generations.reduce((sum, generation) => sum + generation.logProbabilities.length, 0);
    return { rate: tokens / seconds(since), opening };
  } finally {
    await generator.close();
  }
}

async function measureTraining(model: Model) {
  const opened = performance.now();
  const layout = adapterLayout(model.architecture, 8, 16);
  const length = PROMPT_TOKENS + NEW_TOKENS;
  const trainer = await PreferenceTrainer.open({
    trainable: { kind: 'adapters', backend: model.backend, layout, groups: 1 },
    state: initialState([initialAdapter(layout, 1, 1, 'normal')]),
    optimiser: {
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weightDecay: 0,
      epsilonForm: 'corrected',
      clipNorm: 1,
    },
    maximumTime: length,
    microbatchRows: batchSizes(model).scoreRows,
  });
  try {
    const opening = seconds(opened);
    const pairs = Array.from({ length: PAIRS }, (_, pair) => ({
      first: someTokens(model, 2 * pair, length),
      second: someTokens(model, 2 * pair + 1, length),
      target: 1,
    }));
    await trainer.step([pairs], [1e-4]);
    const since = performance.now();
    for (let step = 0; step < STEPS; step++) await trainer.step([pairs], [1e-4]);
    return { rate: (STEPS * PAIRS * 2 * length) / seconds(since), opening };
  } finally {
    await trainer.close();
  }
}
