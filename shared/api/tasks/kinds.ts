/** Every task kind with its parameters, its result, and the hyperparameters an experiment may set for it. */
import { z } from 'zod';
import { BEST_OF_N_DEFAULTS, bestOfNHyperparameters, bestOfNParameters, bestOfNResult } from './best-of-n.ts';
import { DISTILL_DEFAULTS, distillHyperparameters, distillParameters, distillResult } from './distill.ts';
import { DPO_DEFAULTS, dpoHyperparameters, dpoParameters, dpoResult } from './dpo.ts';
import {
  GENERATE_DEFAULTS,
  generateHyperparameters,
  generateParameters,
  generateResult,
} from './generate.ts';
import { JUDGE_DEFAULTS, judgeHyperparameters, judgeParameters, judgeResult } from './judge.ts';
import { LABEL_DEFAULTS, labelHyperparameters, labelParameters, labelResult } from './label.ts';
import { PPO_DEFAULTS, ppoCellName, ppoHyperparameters, ppoParameters, ppoResult } from './ppo.ts';
import { SELECT_DEFAULTS, selectHyperparameters, selectParameters, selectResult } from './select.ts';
import {
  SIMULATE_DEFAULTS,
  simulateHyperparameters,
  simulateParameters,
  simulateResult,
} from './simulate.ts';
import {
  TRAIN_SCORER_DEFAULTS,
  trainScorerHyperparameters,
  trainScorerParameters,
  trainScorerResult,
} from './train-scorer.ts';
import {
  TRAIN_PREFERENCE_MODEL_DEFAULTS,
  trainPreferenceModelHyperparameters,
  trainPreferenceModelParameters,
  trainPreferenceModelResult,
} from './train-preference-model.ts';

/** What a runner gets, complete, and what it must answer, by task kind. */
export const taskSchemas = {
  simulate: { parameters: simulateParameters, result: simulateResult },
  label: { parameters: labelParameters, result: labelResult },
  'train-preference-model': {
    parameters: trainPreferenceModelParameters,
    result: trainPreferenceModelResult,
  },
  ppo: { parameters: ppoParameters, result: ppoResult },
  select: { parameters: selectParameters, result: selectResult },
  distill: { parameters: distillParameters, result: distillResult },
  dpo: { parameters: dpoParameters, result: dpoResult },
  'best-of-n': { parameters: bestOfNParameters, result: bestOfNResult },
  generate: { parameters: generateParameters, result: generateResult },
  judge: { parameters: judgeParameters, result: judgeResult },
  'train-scorer': { parameters: trainScorerParameters, result: trainScorerResult },
} as const;

export type TaskKind = keyof typeof taskSchemas;
export type TaskParameters<Kind extends TaskKind> = z.output<(typeof taskSchemas)[Kind]['parameters']>;
export type TaskResult<Kind extends TaskKind> = z.output<(typeof taskSchemas)[Kind]['result']>;

/** What an experiment may set, by task kind; every field has a default. */
export const hyperparameters = z.strictObject({
  simulate: simulateHyperparameters.partial().optional(),
  label: labelHyperparameters.partial().optional(),
  'train-preference-model': trainPreferenceModelHyperparameters.partial().optional(),
  ppo: ppoHyperparameters.partial().optional(),
  select: selectHyperparameters.partial().optional(),
  distill: distillHyperparameters.partial().optional(),
  dpo: dpoHyperparameters.partial().optional(),
  'best-of-n': bestOfNHyperparameters.partial().optional(),
  generate: generateHyperparameters.partial().optional(),
  judge: judgeHyperparameters.partial().optional(),
  'train-scorer': trainScorerHyperparameters.partial().optional(),
});
export type Hyperparameters = z.output<typeof hyperparameters>;

/** The values of the fields that an experiment leaves out. */
export const hyperparameterDefaults = {
  simulate: SIMULATE_DEFAULTS,
  label: LABEL_DEFAULTS,
  'train-preference-model': TRAIN_PREFERENCE_MODEL_DEFAULTS,
  ppo: PPO_DEFAULTS,
  select: SELECT_DEFAULTS,
  distill: DISTILL_DEFAULTS,
  dpo: DPO_DEFAULTS,
  'best-of-n': BEST_OF_N_DEFAULTS,
  generate: GENERATE_DEFAULTS,
  judge: JUDGE_DEFAULTS,
  'train-scorer': TRAIN_SCORER_DEFAULTS,
} as const satisfies { readonly [Kind in TaskKind]: Required<NonNullable<Hyperparameters[Kind]>> };

/** The output of each kind that has exactly one; `ppo` has one for each cell of its result. */
const SINGLE_OUTPUT = {
  simulate: 'pairs',
  label: 'pairs',
  'train-preference-model': 'preference-model',
  select: 'adapter',
  distill: 'adapter',
  dpo: 'adapter',
  'best-of-n': 'completions',
  generate: 'completions',
  judge: 'comparisons',
  'train-scorer': 'scorer',
} as const satisfies Record<Exclude<TaskKind, 'ppo'>, string>;

/** Names of the outputs that a completed task must have. */
export function requiredOutputs(kind: TaskKind, result: unknown): string[] {
  if (kind !== 'ppo') return [SINGLE_OUTPUT[kind]];
  return ppoResult.parse(result).cells.map(({ klCoefficient, steps }) => ppoCellName(klCoefficient, steps));
}
