/** Measures how fast this machine samples, reads and trains with a model: a few batches of each. */
import { Generator } from '../algorithms/generator.ts';
import type { Model } from '../llama/weights/model.ts';
import { onDevice } from '../llama/backends/open-model.ts';
import { batchSizes } from '../../shared/planner/batch-sizes.ts';
import { openBaseModel } from '../tasks/open-base-model.ts';
import { shapeOf } from '../algorithms/look/shape-of.ts';
import { someTokens } from '../algorithms/look/some-tokens.ts';
import { measureTrainingRate } from '../algorithms/look/training-rate.ts';
import type { AnswerOf, QuestionOf, Rates } from '../../shared/engine-questions.ts';

const NEW_TOKENS = 24;
const PROMPT_TOKENS = 24;
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
  const tokens = texts.reduce((sum, text) => sum + model.tokenizer.encode(text).length, 0);
  return {
    rates: await measureRates(model),
    meanTokens: tokens / Math.max(1, texts.length),
    shape: shapeOf(model),
    sampleRows: batchSizes(model).sampleRows,
  };
}

async function measureRates(model: Model): Promise<Rates> {
  const started = performance.now();
  const sampling = await measureSampling(model);
  const training = await measureTrainingRate(model, PROMPT_TOKENS + NEW_TOKENS);
  return {
    sampled: sampling.rate,
    read: training.rate * PASSES_OF_TRAINING,
    trained: training.rate,
    secondsPerTask: sampling.opening + training.opening,
    measuredSeconds: seconds(started),
  };
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
