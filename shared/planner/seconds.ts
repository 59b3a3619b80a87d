/** How long work takes at the speeds of a machine. */
import type { TaskWork, Work } from './work.ts';

/** What a machine does with a model. */
export interface WorkRates {
  /** Tokens a second. */
  readonly sampled: number;
  readonly read: number;
  readonly trained: number;
  /** What a task costs before its first token. */
  readonly secondsPerTask: number;
}

export function secondsOf({ sampled, read, trained }: Work, rates: WorkRates, tasks: number): number {
  const tokens = sampled / rates.sampled + read / rates.read + trained / rates.trained;
  return tokens + tasks * rates.secondsPerTask;
}

/**
 * Seconds by stage, in the order in which the stages first stand in the work.
 *
 * @param simulator speeds of the model that simulates, where it is another
 */
export function stageSeconds(
  work: readonly TaskWork[],
  rates: WorkRates,
  simulator: WorkRates = rates,
): Record<string, number> {
  const seconds: Record<string, number> = {};
  for (const task of work) {
    const own = task.kind === 'simulate' ? simulator : rates;
    seconds[task.stage] = (seconds[task.stage] ?? 0) + secondsOf(task, own, 1);
  }
  return seconds;
}
