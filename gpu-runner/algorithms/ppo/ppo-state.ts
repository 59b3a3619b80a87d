/** What a PPO run carries from step to step, and its checkpoint: all of it, or an error. */
import { z } from 'zod';
import { alarmStateSchema } from '../../../shared/alarm/over-optimisation.ts';
import { ppoCell } from '../../../shared/api/tasks/ppo.ts';
import type { TrainingState } from '../../llama/trainer/training-state.ts';
import { decodeCheckpoint, encodeCheckpoint, type Work } from '../checkpoint.ts';
import { TRAINING_TENSORS, trainingState, trainingTensors } from '../training-checkpoint.ts';

/** One policy of the run: a KL coefficient of the grid. */
const policyState = z.strictObject({
  /** Names the policy's cells; the first step's coefficient. */
  klCoefficient: z.number(),
  /** The controller's, for the next step. */
  nextKlCoefficient: z.number(),
  /** Of the latest step. */
  reward: z.number(),
  kl: z.number(),
  meanLength: z.number(),
  earlyStop: ppoCell.shape.earlyStop,
  alarm: alarmStateSchema,
});

const stateSchema = z.strictObject({
  /** Optimiser updates so far. */
  updates: z.int().nonnegative(),
  normalisation: z.strictObject({ mean: z.number(), standardDeviation: z.number() }).nullable(),
  policies: z.array(policyState).min(1),
  /** Cells of the grid that are kept: an adapter's bytes by hash. */
  cells: z.array(z.strictObject({ cell: ppoCell, sha256: z.string(), bytes: z.int().positive() })),
});

export type PpoState = z.infer<typeof stateSchema>;
export type PpoPolicy = PpoState['policies'][number];

/** Bytes of the state after `step` PPO steps. */
export async function encodePpoState(
  work: Work,
  step: number,
  state: PpoState,
  training: TrainingState,
): Promise<Uint8Array> {
  return await encodeCheckpoint(work, { step, state, tensors: trainingTensors(training) });
}

/**
 * Reads a checkpoint.
 *
 * @throws CheckpointError naming what is wrong, or that it is of other work
 */
export async function decodePpoState(
  work: Work,
  bytes: Uint8Array,
  expected: { readonly groups: number; readonly length: number },
): Promise<{ step: number; state: PpoState; training: TrainingState }> {
  const { step, state, tensors } = await decodeCheckpoint(work, bytes, stateSchema, () => TRAINING_TENSORS);
  return { step, state, training: trainingState(tensors, { ...expected, step: state.updates }) };
}
