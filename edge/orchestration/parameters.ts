/** The complete parameters of a stage: the experiment's hyperparameters over the defaults, and what the method says. */
import type { z } from 'zod';
import {
  hyperparameterDefaults,
  taskSchemas,
  type Hyperparameters,
  type TaskKind,
} from '../../shared/api/tasks/kinds.ts';
import type { StageRule } from './methods.ts';
import type { TaskPrinciple } from './task-key.ts';

type Parsed =
  { readonly parameters: Record<string, unknown> } | { readonly issues: readonly z.core.$ZodIssue[] };

/** What a kind takes from the principle and from other stages' settings. */
function planned(
  rule: StageRule,
  principle: TaskPrinciple,
  hyperparameters: Hyperparameters,
): Record<TaskKind, object> {
  const { form: promptForm, responseOpening } = principle;
  // Null is a choice: only a penalty that is not given takes the default.
  const { penaltyWithoutStop = hyperparameterDefaults.ppo.penaltyWithoutStop } = hyperparameters.ppo ?? {};
  return {
    simulate: { promptForm, responseOpening, sides: rule.sides },
    label: { promptForm },
    'train-preference-model': { promptForm },
    ppo: { promptForm, responseOpening },
    select: { promptForm, responseOpening, penaltyWithoutStop },
    distill: { promptForm },
    generate: { promptForm, responseOpening },
    judge: { promptForm },
  };
}

/** @returns issues whose paths lead into the experiment's body */
export function resolveParameters(
  rule: StageRule,
  principle: TaskPrinciple,
  hyperparameters: Hyperparameters,
): Parsed {
  const given = Object.entries(hyperparameters[rule.kind] ?? {}).filter(([, value]) => value !== undefined);
  const parsed = taskSchemas[rule.kind].parameters.safeParse({
    ...hyperparameterDefaults[rule.kind],
    ...Object.fromEntries(given),
    ...planned(rule, principle, hyperparameters)[rule.kind],
  });
  if (parsed.success) return { parameters: parsed.data };
  return {
    issues: parsed.error.issues.map(({ path, ...issue }) =>
      Object.assign(issue, { path: ['hyperparameters', rule.kind, ...path] }),
    ),
  };
}
