/** Learning-rate schedules: pure functions of the step, fed to the optimiser as a scalar. */
import { GraphError } from './errors.ts';

export interface LearningRateSchedule {
  /** after warm-up: held, or falling to `final` at `steps` on a line or half a cosine */
  readonly kind: 'constant' | 'linear' | 'cosine';
  readonly peak: number;
  /** steps over which the rate climbs from peak / warmupSteps to peak */
  readonly warmupSteps: number;
  readonly steps: number;
  /** rate at the end, 0 unless given */
  readonly final?: number;
}

/**
 * The learning rate of a step.
 *
 * @param step 0 for the first update
 * @throws GraphError for a step outside 0..steps - 1 or a schedule that cannot be
 */
export function learningRate(schedule: LearningRateSchedule, step: number): number {
  const { kind, peak, warmupSteps, steps, final = 0 } = schedule;
  if (!(peak >= 0) || !(final >= 0) || warmupSteps < 0 || warmupSteps > steps) {
    throw new GraphError(
      `Learning rate: peak ${peak}, final ${final}, ${warmupSteps} warm-up of ${steps} steps`,
    );
  }
  if (!Number.isInteger(step) || step < 0 || step >= steps) {
    throw new GraphError(`Learning rate: step ${step} is outside 0..${steps - 1}`);
  }
  if (step < warmupSteps) return (peak * (step + 1)) / warmupSteps;
  const progress = (step - warmupSteps) / Math.max(1, steps - warmupSteps);
  if (kind === 'constant') return peak;
  const fallen = kind === 'linear' ? progress : (1 - Math.cos(Math.PI * progress)) / 2;
  return peak + (final - peak) * fallen;
}
