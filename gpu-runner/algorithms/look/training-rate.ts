/** Measures how fast a preference model trains: a step after one like it, which has the system give the memory. */
import { adapterLayout, initialAdapter } from '../../llama/model/lora-layout.ts';
import { PreferenceTrainer } from '../../llama/trainer/preference-trainer.ts';
import { initialState } from '../../llama/trainer/training-state.ts';
import type { Model } from '../../llama/weights/model.ts';
import { batchSizes } from '../../../shared/planner/batch-sizes.ts';
import { someTokens } from './some-tokens.ts';

const RANK = 8;
const PAIRS = 8;

interface TrainingRate {
  /** Tokens a second. */
  readonly rate: number;
  /** Seconds until the trainer was open. */
  readonly opening: number;
}

/** @param length tokens of a text, prompt and answer */
export async function measureTrainingRate(model: Model, length: number): Promise<TrainingRate> {
  // What is made once for a model is no part of an opening.
  await model.backend.forTraining();
  const opened = performance.now();
  const layout = adapterLayout(model.architecture, RANK, 16);
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
    const opening = (performance.now() - opened) / 1000;
    const pairs = Array.from({ length: PAIRS }, (_, pair) => ({
      first: someTokens(model, 2 * pair, length),
      second: someTokens(model, 2 * pair + 1, length),
      target: 1,
    }));
    await trainer.step([pairs], [1e-4]);
    const since = performance.now();
    await trainer.step([pairs], [1e-4]);
    return { rate: (PAIRS * 2 * length) / ((performance.now() - since) / 1000), opening };
  } finally {
    await trainer.close();
  }
}
