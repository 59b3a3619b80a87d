/** A general language model becomes a teller of stories: an adapter trained on the next token of story documents. */
import { permutation } from '../../../shared/random.ts';
import { learningRateMultiplier } from '../../tensor/learning-rate.ts';
import { type AdapterLayout, adapterLayout, initialAdapter } from '../../llama/model/lora-layout.ts';
import { LanguageModelTrainer } from '../../llama/trainer/language-model-trainer.ts';
import { initialState } from '../../llama/trainer/training-state.ts';
import type { Model } from '../../llama/weights/model.ts';
import { adamW } from './configuration.ts';
import { documentOf, type Story } from './documents.ts';
import { readState, writeState } from './saved-state.ts';
import { storySequence } from './corpus.ts';

const RANK = 32;
const BATCH_DOCUMENTS = 16;
const MICROBATCH_ROWS = 4;
const LEARNING_RATE = 1e-3;
const WARMUP_STEPS = 10;
const CHECKPOINT_STEPS = 10;

export interface AdaptOptions {
  readonly model: Model;
  readonly stories: readonly Story[];
  readonly epochs: number;
  readonly seed: number;
  /** longest document in tokens */
  readonly maximumTime: number;
  /** state of a run that was stopped */
  readonly checkpoint: string;
  readonly onStep: (step: number, steps: number, nats: number, tokensPerSecond: number) => void;
}

/** The layout of the teacher's adapter. */
export function teacherLayout({ architecture }: Pick<Model, 'architecture'>): AdapterLayout {
  return adapterLayout(architecture, RANK, RANK);
}

/** Trains the adapter to the last step, from the checkpoint if there is one; returns it as the layout has it. */
export async function adaptTeacher(options: AdaptOptions): Promise<Float32Array> {
  const { model, stories, epochs, seed, maximumTime, checkpoint, onStep } = options;
  const layout = teacherLayout(model);
  const state = (await readState(checkpoint)) ?? initialState([initialAdapter(layout, seed, 0)]);
  const steps = epochs * Math.floor(stories.length / BATCH_DOCUMENTS);
  const trainer = await LanguageModelTrainer.open({
    trainable: { kind: 'adapters', backend: model.backend, layout, groups: 1 },
    state,
    optimiser: adamW,
    maximumTime,
    microbatchRows: MICROBATCH_ROWS,
  });
  try {
    const schedule = {
      kind: 'cosine',
      warmupSteps: Math.min(WARMUP_STEPS, steps),
      totalSteps: steps,
    } as const;
    for (let step = state.step; step < steps; step++) {
      const started = performance.now();
      const rows = Array.from({ length: BATCH_DOCUMENTS }, (_, row) => {
        const visit = step * BATCH_DOCUMENTS + row;
        const order = permutation(stories.length, seed, Math.floor(visit / stories.length));
        const story = stories[order[visit % stories.length] ?? 0] ?? { text: '' };
        return storySequence(model.tokenizer, documentOf(story, seed, visit), maximumTime);
      });
      // Rows of like length share a micro-batch, so that little of it is padding.
      rows.sort((one, other) => one.tokens.length - other.tokens.length);
      const rate = LEARNING_RATE * learningRateMultiplier(schedule, step);
      const { loss, tokens } = await trainer.step([rows], [rate]);
      onStep(step + 1, steps, loss, (1000 * tokens) / (performance.now() - started));
      if ((step + 1) % CHECKPOINT_STEPS === 0 || step + 1 === steps)
        await writeState(checkpoint, trainer.state);
    }
    return trainer.state.parameters.slice();
  } finally {
    await trainer.close();
  }
}
