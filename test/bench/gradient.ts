/** `npm run bench -- gradient`: how near the 8-bit way back through a frozen model comes to the exact one, by objective and layer. */
import { readFile } from 'node:fs/promises';
import { cpuBackend } from '../../gpu-runner/llama/backends/cpu/cpu-backend.ts';
import { fastestExactProduct } from '../../gpu-runner/llama/backends/cpu/exact-product.ts';
import type { BackwardForm } from '../../gpu-runner/llama/backends/cpu/input-gradient.ts';
import {
  type AdapterLayout,
  adapterLayout,
  initialAdapter,
} from '../../gpu-runner/llama/model/lora-layout.ts';
import { sequenceOf } from '../../gpu-runner/llama/model/sequence.ts';
import { DirectPreferenceTrainer } from '../../gpu-runner/llama/trainer/direct-preference-trainer.ts';
import { PpoTrainer } from '../../gpu-runner/llama/trainer/ppo-trainer.ts';
import { PreferenceTrainer } from '../../gpu-runner/llama/trainer/preference-trainer.ts';
import type { TrainerOptions } from '../../gpu-runner/llama/trainer/trainer.ts';
import { initialState } from '../../gpu-runner/llama/trainer/training-state.ts';
import type { Tokenizer } from '../../gpu-runner/llama/tokenizer/tokenizer.ts';
import { importModel } from '../../gpu-runner/llama/weights/import-model.ts';
import { jsonOption } from '../../scripts/experiment/options.ts';
import { createCommand } from '../../shared/command-line/command.ts';
import { wholeNumber } from '../../shared/command-line/values.ts';
import { normal } from '../../shared/random.ts';

const TIME = 128;
const RANK = 8;
/** Deviation of the factors B, which begin at zero: an adapter that has learnt something. */
const LEARNT = 0.02;
const SEED = 1;

export const command = createCommand(
  'npm run bench -- gradient',
  "Cosines of an adapter's gradient by 8-bit products with that by fp32 products: all of it, the worst layer, the worst tensor.",
)
  .requiredOption('--model <path>', 'a model whose width takes the 8-bit way back')
  .requiredOption('--pairs <file>', 'rows of chosen and rejected dialogues')
  .option('--rows <n>', 'pairs of a gradient', wholeNumber(2), 4)
  .option('--cache <folder>', 'where the converted model is kept', '.rlcd/cache')
  .addOption(jsonOption())
  .action(async ({ model, pairs, rows, cache, json }) => {
    const { base, tokenizer } = await importModel(model, { cacheDirectory: cache });
    const exactProduct = await fastestExactProduct();
    const lines = (await readFile(pairs, 'utf8')).split('\n').slice(0, rows);
    const texts = lines.map((line) => JSON.parse(line) as { chosen: string; rejected: string });
    const layout = adapterLayout(base.architecture, RANK, 2 * RANK);
    const figures: Record<string, unknown> = {};
    for (const [name, gradientOf] of Object.entries(objectives)) {
      const [exact, rounded] = await Promise.all(
        (['exact', 'eight-bit'] as const).map(async (backward: BackwardForm) => {
          const backend = cpuBackend({ base, exactProduct, hasUnsignedFile: false, backward });
          const groups = name === 'value-model' ? 2 : 1;
          const options: TrainerOptions = {
            trainable: { kind: 'adapters', backend, layout, groups },
            state: initialState(Array.from({ length: groups }, (_, stream) => learntAdapter(layout, stream))),
            // After one step of these moments the first is the gradient, but for the clip's factor.
            optimiser: {
              beta1: 0.5,
              beta2: 0.5,
              epsilon: 1e-8,
              weightDecay: 0,
              epsilonForm: 'corrected',
              clipNorm: 1,
            },
            maximumTime: TIME,
            microbatchRows: 2 * rows,
          };
          const vector = await gradientOf(options, tokenizer, texts);
          return vector.slice(vector.length - layout.length);
        }),
      );
      figures[name] = cosines(layout, exact ?? new Float32Array(), rounded ?? new Float32Array());
    }
    console.log(json ? JSON.stringify(figures) : JSON.stringify(figures, null, 1));
  });

type Texts = readonly { readonly chosen: string; readonly rejected: string }[];
type GradientOf = (options: TrainerOptions, tokenizer: Tokenizer, texts: Texts) => Promise<Float32Array>;

const objectives: Readonly<Record<string, GradientOf>> = {
  preference: async (options, tokenizer, texts) => {
    const trainer = await PreferenceTrainer.open(options);
    const pairs = texts.map(({ chosen, rejected }) => ({
      first: dialogue(tokenizer, chosen),
      second: dialogue(tokenizer, rejected),
      target: 0,
    }));
    await trainer.step([pairs], [0]);
    return await closing(trainer);
  },
  policy: async (options, tokenizer, texts) => await ppo(options, tokenizer, texts, null),
  'value-model': async (options, tokenizer, texts) =>
    await ppo(options, tokenizer, texts, { clip: 0.2, coefficient: 0.1 }),
  'direct-preference': async (options, tokenizer, texts) => {
    const loss = { entry: 'pair', beta: 0.1, perToken: false } as const;
    const trainer = await DirectPreferenceTrainer.open(options, loss);
    const pairs = texts.map(({ chosen, rejected }) => ({
      chosen: response(tokenizer, chosen),
      rejected: response(tokenizer, rejected),
      reference: { chosen: 0, rejected: 0 },
      targetMargin: 0,
      target: 1,
    }));
    await trainer.step([pairs], [0]);
    return await closing(trainer);
  },
};

/** A step of PPO on the chosen answers: ratios of one, advantages and returns drawn at random. */
async function ppo(
  options: TrainerOptions,
  tokenizer: Tokenizer,
  texts: Texts,
  value: { readonly clip: number; readonly coefficient: number } | null,
): Promise<Float32Array> {
  const trainer = await PpoTrainer.open({ ...options, policyClip: 0.2, value, temperature: 1 });
  const rows = texts.map(({ chosen }, row) => {
    const sequence = response(tokenizer, chosen);
    const scored = sequence.tokens.length - sequence.start;
    const draws = (stream: number): number[] =>
      Array.from({ length: scored }, (_, place) => normal(SEED, 10 * row + stream, place));
    return {
      ...sequence,
      oldLogProbabilities: Array.from({ length: scored }, () => 0),
      advantages: draws(1),
      oldValues: draws(2),
      returns: draws(3),
    };
  });
  const rates = value === null ? [0] : [0, 0];
  // The first step says what the policy itself gives, so that the ratios of the second are one.
  const { logProbabilities } = await trainer.step([rows], rates);
  trainer.restore(options.state);
  rows.forEach((row, index) => {
    row.oldLogProbabilities = Array.from(logProbabilities[0]?.[index] ?? []);
  });
  await trainer.step([rows], rates);
  return await closing(trainer);
}

async function closing(trainer: {
  readonly state: { readonly firstMoments: Float32Array };
  close(): Promise<void>;
}): Promise<Float32Array> {
  const moments = trainer.state.firstMoments.slice();
  await trainer.close();
  return moments;
}

function dialogue(tokenizer: Tokenizer, text: string): number[] {
  return Array.from(tokenizer.encode(text, { bos: true })).slice(0, TIME);
}

/** The last answer behind what was said before, its end within the limit. */
function response(tokenizer: Tokenizer, text: string): ReturnType<typeof sequenceOf> {
  const cut = text.lastIndexOf('Assistant:') + 'Assistant:'.length;
  const answer = Array.from(tokenizer.encode(text.slice(cut))).slice(0, TIME / 2);
  const prompt = Array.from(tokenizer.encode(text.slice(0, cut), { bos: true }));
  return sequenceOf(prompt.slice(Math.max(0, prompt.length - (TIME - answer.length))), answer);
}

function learntAdapter(layout: AdapterLayout, stream: number): Float32Array {
  const vector = initialAdapter(layout, SEED, stream, 'normal');
  for (const { name, offset, length } of layout.tensors) {
    if (!name.endsWith('.b')) continue;
    for (let index = offset; index < offset + length; index++) {
      vector[index] = LEARNT * normal(SEED, 100 + stream, index);
    }
  }
  return vector;
}

function cosines(layout: AdapterLayout, exact: Float32Array, rounded: Float32Array): Record<string, number> {
  const layers = new Map<string, [number[], number[]]>();
  let worstTensor = 1;
  for (const { name, offset, length } of layout.tensors) {
    const parts = [exact, rounded].map((vector) => Array.from(vector.subarray(offset, offset + length)));
    const [one = [], other = []] = parts;
    if (one.every((number) => number === 0)) continue;
    worstTensor = Math.min(worstTensor, cosine(one, other));
    const layer = name.split('.').slice(0, 2).join('.');
    const [left, right] = layers.get(layer) ?? [[], []];
    layers.set(layer, [left.concat(one), right.concat(other)]);
  }
  const worstLayer = Math.min(...Array.from(layers.values(), ([left, right]) => cosine(left, right)));
  return {
    all: five(cosine(Array.from(exact), Array.from(rounded))),
    worstLayer: five(worstLayer),
    worstTensor: five(worstTensor),
  };
}

function cosine(a: readonly number[], b: readonly number[]): number {
  const product = (x: readonly number[], y: readonly number[]): number =>
    x.reduce((sum, number, index) => sum + number * (y[index] ?? 0), 0);
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
}

const five = (number: number): number => Number(number.toFixed(5));
