/** Where a task's reward comes from: its preference model, or its principle where it has none. */
import type { ClaimedTask } from '../../shared/api/tasks.ts';
import type { RolloutContrast } from '../algorithms/ppo/rollout-prompts.ts';
import { TaskInputError } from './task-context.ts';

/** The input that is one. */
export const PREFERENCE_MODEL = 'preference-model';

/**
 * What the contrast is taken by where it is the reward; null where a preference model is.
 *
 * @throws TaskInputError where the task has neither a preference model nor a principle
 */
export function contrastOf({
  id,
  inputs,
  principle,
  seed,
}: Pick<ClaimedTask, 'id' | 'inputs' | 'principle' | 'seed'>): RolloutContrast | null {
  if (inputs.some(({ name }) => name === PREFERENCE_MODEL)) return null;
  if (principle !== null) return { affixPairs: principle.affixPairs, seed };
  throw new TaskInputError(
    `task ${id} has neither a preference model nor a principle to take its reward from`,
  );
}
