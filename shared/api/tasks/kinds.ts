/** Every task kind with its parameters, its result, and the hyperparameters an experiment may set for it. */
import { z } from 'zod';
import { BEST_OF_N_DEFAULTS, bestOfNHyperparameters, bestOfNParameters, bestOfNResult } from './best-of-n.ts';
import { DISTILL_DEFAULTS, distillHyperparameters, distillParameters, distillResult } from './distill.ts';
import { DPO_DEFAULTS, dpoHyperparameters, dpoParameters, dpoResult } from './dpo.ts';
import { EXAMINE_DEFAULTS, examineHyperparameters, examineParameters, examineResult } from './examine.ts';
import { exportParameters, exportResult } from './export.ts';
import {
  FRONTIER_DEFAULTS,
  frontierHyperparameters,
  frontierParameters,
  frontierResult,
} from './frontier.ts';
import {
  GENERATE_DEFAULTS,
  generateHyperparameters,
  generateParameters,
  generateResult,
} from './generate.ts';
import { JUDGE_DEFAULTS, judgeHyperparameters, judgeParameters, judgeResult } from './judge.ts';
import { LABEL_DEFAULTS, labelHyperparameters, labelParameters, labelResult } from './label.ts';
import { LOOK_DEFAULTS, lookHyperparameters, lookParameters, lookResult } from './look.ts';
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
  TRAJECTORY_DEFAULTS,
  trajectoryHyperparameters,
  trajectoryParameters,
  trajectoryResult,
} from './trajectory.ts';
import {
  TRAIN_PREFERENCE_MODEL_DEFAULTS,
  trainPreferenceModelHyperparameters,
  trainPreferenceModelParameters,
  trainPreferenceModelResult,
} from './train-preference-model.ts';

/** How the document tells a default: objects in words, because generators of clients take plain values alone. */
function defaultOf(form: z.core.$ZodType | undefined, value: unknown) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { default: value };
  const description = form && z.globalRegistry.get(form)?.description;
  return { description: `${description}; unless given ${JSON.stringify(value)}` };
}

/** A row of the table of kinds of stages. */
function stageKind<
  Parameters extends z.ZodType,
  Result extends z.ZodType,
  Settings extends z.ZodRawShape,
  Defaults extends object,
  Output extends string | null,
>(
  /** What a runner gets, complete. */
  parameters: Parameters,
  /** What it must answer. */
  result: Result,
  /** What an experiment may set; every field has a default. */
  settings: z.ZodObject<Settings, z.core.$strict>,
  defaults: Defaults,
  /** The one output of a completed task; null where the result says which there are, if any. */
  output: Output,
  /** Of the settings in the OpenAPI document. */
  id: string,
) {
  const partial = settings.partial();
  for (const [field, schema] of Object.entries<z.ZodType>(partial.shape)) {
    const value = Object.entries(defaults).find(([name]) => name === field)?.[1];
    z.globalRegistry.add(schema, defaultOf(settings.shape[field], value));
  }
  const description = 'What an experiment may set of such a stage; what it leaves out has its default';
  return { parameters, result, settings: partial.meta({ id, description }).optional(), defaults, output };
}

/** The kinds that stages of a method have. */
const stageSchemas = {
  simulate: stageKind(
    simulateParameters,
    simulateResult,
    simulateHyperparameters,
    SIMULATE_DEFAULTS,
    'pairs',
    'SimulateSettings',
  ),
  label: stageKind(
    labelParameters,
    labelResult,
    labelHyperparameters,
    LABEL_DEFAULTS,
    'pairs',
    'LabelSettings',
  ),
  'train-preference-model': stageKind(
    trainPreferenceModelParameters,
    trainPreferenceModelResult,
    trainPreferenceModelHyperparameters,
    TRAIN_PREFERENCE_MODEL_DEFAULTS,
    'preference-model',
    'TrainPreferenceModelSettings',
  ),
  ppo: stageKind(ppoParameters, ppoResult, ppoHyperparameters, PPO_DEFAULTS, null, 'PpoSettings'),
  select: stageKind(
    selectParameters,
    selectResult,
    selectHyperparameters,
    SELECT_DEFAULTS,
    'adapter',
    'SelectSettings',
  ),
  distill: stageKind(
    distillParameters,
    distillResult,
    distillHyperparameters,
    DISTILL_DEFAULTS,
    'adapter',
    'DistillSettings',
  ),
  dpo: stageKind(dpoParameters, dpoResult, dpoHyperparameters, DPO_DEFAULTS, 'adapter', 'DpoSettings'),
  generate: stageKind(
    generateParameters,
    generateResult,
    generateHyperparameters,
    GENERATE_DEFAULTS,
    'completions',
    'GenerateSettings',
  ),
  'best-of-n': stageKind(
    bestOfNParameters,
    bestOfNResult,
    bestOfNHyperparameters,
    BEST_OF_N_DEFAULTS,
    'completions',
    'BestOfNSettings',
  ),
  judge: stageKind(
    judgeParameters,
    judgeResult,
    judgeHyperparameters,
    JUDGE_DEFAULTS,
    'comparisons',
    'JudgeSettings',
  ),
  'train-scorer': stageKind(
    trainScorerParameters,
    trainScorerResult,
    trainScorerHyperparameters,
    TRAIN_SCORER_DEFAULTS,
    'scorer',
    'TrainScorerSettings',
  ),
  frontier: stageKind(
    frontierParameters,
    frontierResult,
    frontierHyperparameters,
    FRONTIER_DEFAULTS,
    'frontier',
    'FrontierSettings',
  ),
  trajectory: stageKind(
    trajectoryParameters,
    trajectoryResult,
    trajectoryHyperparameters,
    TRAJECTORY_DEFAULTS,
    'trajectory',
    'TrajectorySettings',
  ),
  examine: stageKind(
    examineParameters,
    examineResult,
    examineHyperparameters,
    EXAMINE_DEFAULTS,
    null,
    'ExamineSettings',
  ),
  look: stageKind(lookParameters, lookResult, lookHyperparameters, LOOK_DEFAULTS, null, 'LookSettings'),
};

/** Every kind. An export belongs to no stage: it is asked for when somebody wants the files, and nothing waits for it. */
export const taskSchemas = {
  ...stageSchemas,
  export: { parameters: exportParameters, result: exportResult, output: null },
};

type StageKinds = typeof stageSchemas;
export type StageKind = keyof StageKinds;
type Kinds = typeof taskSchemas;
export type TaskKind = keyof Kinds;
export type TaskParameters<Kind extends TaskKind> = z.output<Kinds[Kind]['parameters']>;
export type TaskResult<Kind extends TaskKind> = z.output<Kinds[Kind]['result']>;

export const STAGE_KINDS = Object.keys(stageSchemas) as [StageKind, ...StageKind[]];
export const TASK_KINDS = Object.keys(taskSchemas) as [TaskKind, ...TaskKind[]];

/** One column of the table, by kind. */
function column<Name extends keyof StageKinds[StageKind]>(name: Name) {
  const cells = STAGE_KINDS.map((kind) => [kind, stageSchemas[kind][name]]);
  return Object.fromEntries(cells) as { readonly [Kind in StageKind]: StageKinds[Kind][Name] };
}

/** What an experiment may set, by task kind. */
export const hyperparameters = z.strictObject(column('settings')).meta({
  id: 'Hyperparameters',
  description: 'Settings by kind of stage; what is left out has its default',
});
export type Hyperparameters = z.output<typeof hyperparameters>;

/** The values of the fields that an experiment leaves out, for a model with room for them ({@link defaultsFor}). */
export const hyperparameterDefaults = column('defaults') satisfies {
  readonly [Kind in StageKind]: Required<NonNullable<Hyperparameters[Kind]>>;
};

/**
 * What a kind does where an experiment says nothing else.
 *
 * @param contextLength of the model that works on it, in tokens: its prompts have those that PPO lets them have, or half
 */
export function defaultsFor<Kind extends StageKind>(
  kind: Kind,
  { contextLength }: { readonly contextLength: number },
): (typeof hyperparameterDefaults)[Kind] {
  const defaults = hyperparameterDefaults[kind];
  if (!('maximumNewTokens' in defaults)) return defaults;
  const left = contextLength - Math.min(PPO_DEFAULTS.maximumPromptTokens, Math.floor(contextLength / 2));
  return { ...defaults, maximumNewTokens: Math.min(defaults.maximumNewTokens, left) };
}

/** Names of the outputs that a completed task must have. */
export function requiredOutputs(kind: TaskKind, result: unknown): string[] {
  const { output } = taskSchemas[kind];
  if (output !== null) return [output];
  if (kind === 'look' || kind === 'examine') return [];
  if (kind === 'export') return exportResult.parse(result).files.map((file) => file.output);
  return ppoResult.parse(result).cells.map(({ klCoefficient, steps }) => ppoCellName(klCoefficient, steps));
}
