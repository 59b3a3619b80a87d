/** The training loop of the bundled model: seeded epochs over documents, checkpoints, a log line now and then. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { normal, permutation, uniform } from '../../../shared/random.ts';
import { learningRateMultiplier } from '../../tensor/learning-rate.ts';
import { LanguageModelTrainer } from '../../llama/trainer/language-model-trainer.ts';
import {
  decodeState,
  encodeState,
  initialState,
  type TrainingState,
} from '../../llama/trainer/training-state.ts';
import { fullLayout } from '../../llama/trainer/full-weights.ts';
import type { Tokenizer } from '../../llama/tokenizer/tokenizer.ts';
import {
  ANNOUNCED_SHARE,
  BATCH_DOCUMENTS,
  architecture,
  LEARNING_RATE,
  LONG_BATCH_EVERY,
  optimiser,
  schedule,
  SHORT_DOCUMENT_TOKENS,
  toneSteps,
} from './configuration.ts';
import { announcedPassage, documentOf, type Story, type TonedPassages, tonedPassages } from './documents.ts';
import { POLITE } from './teacher-text.ts';
import { hasCode } from '../../../shared/caught.ts';

export interface TrainOptions {
  readonly stories: readonly Story[];
  readonly tokenizer: Tokenizer;
  readonly steps: number;
  readonly seed: number;
  /** state of a run that was stopped; written every {@link CHECKPOINT_STEPS} */
  readonly checkpoint: string;
  readonly onStep: (step: number, nats: number, tokensPerSecond: number) => void;
}

const CHECKPOINT_STEPS = 10;
const MICROBATCH_ROWS = 24;

/** Trains to the last step, from the checkpoint if there is one, and returns the parameters as one flat vector. */
export async function train(options: TrainOptions): Promise<Float32Array> {
  const { steps, checkpoint, onStep } = options;
  const state = (await savedState(checkpoint)) ?? initialState([initialVector(options.seed)]);
  const passages = tonedPassages(options.stories);
  const trainer = await LanguageModelTrainer.open({
    trainable: { kind: 'full', architecture },
    state,
    optimiser,
    maximumTime: architecture.maximumPositions,
    microbatchRows: MICROBATCH_ROWS,
    session: POLITE,
  });
  try {
    for (let step = state.step; step < steps; step++) {
      const started = performance.now();
      const rows = batchOf(options, passages, step);
      const rate = LEARNING_RATE * learningRateMultiplier(schedule(steps), step);
      const result = await trainer.step([rows], [rate]);
      onStep(step + 1, result.loss, (1000 * result.tokens) / (performance.now() - started));
      if ((step + 1) % CHECKPOINT_STEPS === 0 || step + 1 === steps) await save(checkpoint, trainer.state);
    }
    return trainer.state.parameters.slice();
  } finally {
    await trainer.close();
  }
}

/**
 * Each epoch visits every story once in an order of its own, and cuts another document from it. In the last steps most
 * rows are announced passages instead.
 */
function batchOf({ stories, tokenizer, seed, steps }: TrainOptions, passages: TonedPassages, step: number) {
  const share = step < steps - toneSteps(steps) ? 0 : ANNOUNCED_SHARE;
  const isLong = step % LONG_BATCH_EVERY === LONG_BATCH_EVERY - 1;
  const longest = isLong ? architecture.maximumPositions : SHORT_DOCUMENT_TOKENS;
  return Array.from({ length: BATCH_DOCUMENTS }, (_, row) => {
    const visit = step * BATCH_DOCUMENTS + row;
    const epoch = Math.floor(visit / stories.length);
    const story = stories[permutationOf(stories.length, seed, epoch)[visit % stories.length] ?? 0];
    const announced = uniform(seed, visit, 4) < share;
    const { line, text, ended } = announced
      ? announcedPassage(passages, seed, visit)
      : documentOf(story ?? { text: '' }, seed, visit);
    const ids = tokenizer.encode(line + text, { bos: true });
    const end = ended ? tokenizer.eosTokens.slice(0, 1) : [];
    const start = line === '' ? 1 : tokenizer.encode(line, { bos: true }).length;
    return { tokens: Int32Array.of(...ids, ...end).subarray(0, longest), start };
  });
}

let lastPermutation: { readonly key: string; readonly order: Uint32Array } | undefined;

function permutationOf(length: number, seed: number, epoch: number): Uint32Array {
  const key = `${length} ${seed} ${epoch}`;
  if (lastPermutation?.key !== key) lastPermutation = { key, order: permutation(length, seed, epoch) };
  return lastPermutation.order;
}

/** Norms at one, matrices normal: 0.02 for the embedding, 1/sqrt(inputs) elsewhere, less where they write the stream. */
function initialVector(seed: number): Float32Array {
  const tensors = fullLayout(architecture);
  const vector = new Float32Array(tensors.reduce((sum, { length }) => sum + length, 0));
  const residual = 1 / Math.sqrt(2 * architecture.layers);
  tensors.forEach(({ name, shape, offset, length }, stream) => {
    const inputs = shape[0] ?? 1;
    const writesStream = name.includes('attention.output') || name.includes('feedForward.down');
    const deviation = name.startsWith('embedding') ? 0.02 : (writesStream ? residual : 1) / Math.sqrt(inputs);
    for (let index = 0; index < length; index++) {
      vector[offset + index] = shape.length === 1 ? 1 : deviation * normal(seed, stream, index);
    }
  });
  return vector;
}

async function savedState(file: string): Promise<TrainingState | undefined> {
  try {
    return decodeState(await readFile(file));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

async function save(file: string, state: TrainingState): Promise<void> {
  await writeFile(`${file}.partial`, encodeState(state));
  await rename(`${file}.partial`, file);
}
