/** The training loop of the bundled model: it learns what the teacher says of each token; checkpoints, a line now and then. */
import { normal } from '../../../shared/random.ts';
import { learningRateMultiplier } from '../../tensor/learning-rate.ts';
import { type DistilledRow, DistillationTrainer } from '../../llama/trainer/distillation-trainer.ts';
import { fullLayout } from '../../llama/trainer/full-weights.ts';
import { initialState } from '../../llama/trainer/training-state.ts';
import { architecture, BATCH_DOCUMENTS, LEARNING_RATE, optimiser, schedule } from './configuration.ts';
import { readState, writeState } from './saved-state.ts';

export interface TrainOptions {
  readonly rows: readonly DistilledRow[];
  /** the rows of a step, by their numbers */
  readonly batch: (step: number) => readonly number[];
  readonly steps: number;
  readonly seed: number;
  /** state of a run that was stopped; written every {@link CHECKPOINT_STEPS} */
  readonly checkpoint: string;
  readonly onStep: (step: number, steps: number, nats: number, tokensPerSecond: number) => void;
}

const CHECKPOINT_STEPS = 25;

/** Trains to the last step, from the checkpoint if there is one, and returns the parameters as one flat vector. */
export async function train({
  rows,
  batch,
  steps,
  seed,
  checkpoint,
  onStep,
}: TrainOptions): Promise<Float32Array> {
  const state = (await readState(checkpoint)) ?? initialState([initialVector(seed)]);
  const trainer = await DistillationTrainer.open({
    trainable: { kind: 'full', architecture },
    state,
    optimiser,
    maximumTime: architecture.maximumPositions,
    microbatchRows: BATCH_DOCUMENTS,
  });
  try {
    for (let step = state.step; step < steps; step++) {
      const started = performance.now();
      const rate = LEARNING_RATE * learningRateMultiplier(schedule(steps), step);
      const result = await trainer.step(
        batch(step).flatMap((row) => rows[row] ?? []),
        rate,
      );
      onStep(step + 1, steps, result.loss, (1000 * result.tokens) / (performance.now() - started));
      if ((step + 1) % CHECKPOINT_STEPS === 0 || step + 1 === steps)
        await writeState(checkpoint, trainer.state);
    }
    return trainer.state.parameters.slice();
  } finally {
    await trainer.close();
  }
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
