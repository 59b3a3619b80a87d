/** Learning-rate multipliers over a run: warm-up from 0, then constant, linear or cosine decay to 0. */

export interface LearningRateSchedule {
  readonly kind: 'constant' | 'linear' | 'cosine';
  readonly warmupSteps: number;
  readonly totalSteps: number;
}

/**
 * Multiplier of the base rate in step `step`, counted from 0.
 * Warm-up: step / warmupSteps. After it, with p = (step - warmup) / (total - warmup):
 * constant 1; linear 1 - p; cosine (1 + cos(pi p)) / 2.
 * `constant` does not depend on totalSteps, so one run evaluated at 20, 40, ... steps equals separate runs.
 */
export function learningRateMultiplier(schedule: LearningRateSchedule, step: number): number {
  if (step < schedule.warmupSteps) return step / schedule.warmupSteps;
  const progress = Math.min(
    1,
    (step - schedule.warmupSteps) / Math.max(1, schedule.totalSteps - schedule.warmupSteps),
  );
  if (schedule.kind === 'constant') return 1;
  return schedule.kind === 'linear' ? 1 - progress : (1 + Math.cos(Math.PI * progress)) / 2;
}
