/** The sizes that a budget allows by a look, as `rlcd align --budget` chooses them. */
import type { Hyperparameters } from '../../../../../shared/api/tasks/kinds.ts';
import type { AligningMethod } from '../../../../../shared/method-stages.ts';
import { BudgetTooSmallError, sizesForBudget } from '../../../../../shared/planner/budget-sizes.ts';
import { fitMicrobatches } from '../../../../../shared/planner/fit-microbatches.ts';
import type { TakenLook } from './take-look.ts';

type Sizes = { readonly hyperparameters: Hyperparameters } | { readonly fault: string };

/** @param seconds the budget @returns the fault with its cure where there are no such sizes */
export function chooseSizes(
  seconds: number,
  { sizing, result }: Pick<TakenLook, 'sizing' | 'result'>,
  method: AligningMethod,
): Sizes {
  try {
    const { hyperparameters } = sizesForBudget(seconds, sizing, method);
    const { device, training } = result;
    return {
      hyperparameters: fitMicrobatches(hyperparameters, training.shape, device.memoryBytes, device.name),
    };
  } catch (error) {
    if (error instanceof BudgetTooSmallError) return { fault: error.message };
    throw error;
  }
}
