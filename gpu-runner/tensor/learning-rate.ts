/** The one learning-rate schedule: warm-up from 0, then constant, or a fall on a line or half a cosine. */
import { GraphError } from './errors.ts';

export interface LearningRateSchedule {
  readonly kind: 'constant' | 'linear' | 'cosine';
  readonly warmupSteps: number;
  readonly totalSteps: number;
  /** Multiplier at the end of a falling schedule, 0 unless given. */
  readonly final?: number;
}

/**
 * Multiplier of the base rate in step `step`, counted from 0.
 * Warm-up: step / warmupSteps. After it, with p = (step - warmup) / (total - warmup) and f the final multiplier:
 * constant 1; linear f + (1 - f) (1 - p); cosine f + (1 - f) (1 + cos(pi p)) / 2.
 * `constant` does not depend on totalSteps, so one run evaluated at 20, 40, ... steps equals separate runs.
 *
 * @throws GraphError for a step or a schedule that cannot be
 */
export function learningRateMultiplier(schedule: LearningRateSchedule, step: number): number {
  const { kind, warmupSteps, totalSteps, final = 0 } = schedule;
  if (!Number.isInteger(step) || step < 0) throw new GraphError(`Learning rate: there is no step ${step}`);
  if (!(warmupSteps >= 0) || !(totalSteps >= 0) || !(final >= 0 && final <= 1)) {
    throw new GraphError(
      `Learning rate: ${warmupSteps} warm-up of ${totalSteps} steps, falling to ${final} of the rate`,
    );
  }
  if (step < warmupSteps) return step / warmupSteps;
  if (kind === 'constant') return 1;
  const progress = Math.min(1, (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps));
  const left = kind === 'linear' ? 1 - progress : (1 + Math.cos(Math.PI * progress)) / 2;
  return final + (1 - final) * left;
}
