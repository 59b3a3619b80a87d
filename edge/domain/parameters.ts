/** The complete parameters of a stage: the experiment's hyperparameters over the defaults, and what the method says. */
import type { z } from 'zod';
import {
  defaultsFor,
  hyperparameterDefaults,
  taskSchemas,
  type Hyperparameters,
  type StageKind,
} from '../../shared/api/tasks/kinds.ts';
import { DPO_DEFAULTS, LOSS_SETTINGS, SIMPO_BETA } from '../../shared/api/tasks/dpo.ts';
import { hasAffixes, type SimulatedSides } from '../../shared/api/tasks/simulate.ts';
import { SCORER_FORMAT } from '../../shared/scoring/calibration.ts';
import { withSettings, type StageRule } from '../../shared/method-stages.ts';
import { promptFormOf } from '../../shared/dialogue/prompt-form-of.ts';
import type { PrincipleDefinition } from '../../shared/api/principles.ts';
import { placementIn, requirePlaceable } from '../../shared/principles/placement.ts';
import { UserError } from '../../shared/user-error.ts';
import type { PromptForm } from '../../shared/principles/principle.ts';
import type { TaskBaseModel, TaskPrinciple } from './task-key.ts';

type Parsed =
  { readonly parameters: Record<string, unknown> } | { readonly issues: readonly z.core.$ZodIssue[] };

/** A model, and the form in which the experiment has it asked; undefined where principle and model decide. */
type AskedOf = Pick<TaskBaseModel, 'name' | 'contextLength' | 'configuration' | 'served'> & {
  readonly form?: PromptForm | undefined;
};

/** The preference models that judge: bytes by SHA-256. */
export type JudgeModels = ReadonlyMap<string, number>;

/** The judges as tasks get them. */
function judgesOf({ judge }: Hyperparameters, judgeModels: JudgeModels) {
  return (judge?.judges ?? hyperparameterDefaults.judge.judges).map((one) => {
    if (typeof one === 'string' || one.kind !== 'preference-model') return one;
    const { kind, artifact: sha256 } = one;
    return { kind, artifact: { sha256, bytes: judgeModels.get(sha256) } };
  });
}

function sidesOf({ sides }: StageRule, { simulate }: Hyperparameters): SimulatedSides | undefined {
  return sides === 'plain' && simulate?.samplesFrom === 'positive' ? 'two-positive' : sides;
}

/** Why a stage cannot put the affixes where the principle says; null where it can. */
function faultOfPlacement(
  rule: StageRule,
  principle: ParametersPrinciple,
  model: AskedOf,
  hyperparameters: Hyperparameters,
): string | null {
  const sides = sidesOf(rule, hyperparameters);
  if (rule.principle !== 'affixes' || (sides !== undefined && !hasAffixes(sides))) return null;
  try {
    requirePlaceable(promptFormOf(principle.form, model, model.form), principle);
    return null;
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}

/** What of a principle decides parameters. */
export type ParametersPrinciple = Pick<TaskPrinciple, 'form' | 'responseOpening' | 'affixPairs'> &
  Pick<PrincipleDefinition, 'placement'>;

/** What a kind takes from the principle and from other stages' settings. */
function planned(
  rule: StageRule,
  principle: ParametersPrinciple,
  model: AskedOf,
  hyperparameters: Hyperparameters,
  judgeModels: JudgeModels,
): Record<StageKind, object> {
  const { responseOpening } = principle;
  const promptForm = promptFormOf(principle.form, model, model.form);
  // Null is a choice: only a penalty that is not given takes the default.
  const { penaltyWithoutStop = hyperparameterDefaults.ppo.penaltyWithoutStop } = hyperparameters.ppo ?? {};
  const sides = sidesOf(rule, hyperparameters);
  const { leastContrast = hyperparameterDefaults.simulate.leastContrast } = hyperparameters.simulate ?? {};
  const { flippedShare = hyperparameterDefaults['train-preference-model'].flippedShare } =
    hyperparameters['train-preference-model'] ?? {};
  // Nothing is said of it where no affix is used, or where it has but one place: such tasks are those they were.
  const contrast = promptForm === 'chat' ? { placement: placementIn(promptForm, principle.placement) } : {};
  const rewarded = rule.principle === undefined ? {} : contrast;
  return {
    simulate: {
      promptForm,
      responseOpening,
      sides,
      ...(sides !== undefined && hasAffixes(sides) && contrast),
      ...(sides === 'contrast' && (leastContrast !== null || rule.measuresContrast) && { leastContrast }),
    },
    label: { promptForm },
    'train-preference-model': {
      promptForm,
      ...(rule.humanOnly ? { humanShare: 1 } : {}),
      ...(flippedShare > 0 && { flippedShare }),
    },
    ppo: { promptForm, responseOpening, ...rewarded },
    select: { promptForm, responseOpening, penaltyWithoutStop, ...rewarded },
    distill: { promptForm },
    dpo: { promptForm, ...lossOf(rule, hyperparameters) },
    generate: { promptForm, responseOpening },
    'best-of-n': {
      ...defaultsFor('generate', model),
      ...definedOnly(hyperparameters.generate),
      promptForm,
      responseOpening,
    },
    judge: { promptForm, responseOpening, judges: judgesOf(hyperparameters, judgeModels) },
    examine: { promptForm, judges: judgesOf(hyperparameters, judgeModels) },
    'train-scorer': { promptForm, responseOpening, ...contrast, format: SCORER_FORMAT },
    frontier: { promptForm, responseOpening, judges: judgesOf(hyperparameters, judgeModels) },
    trajectory: { promptForm, responseOpening, judges: judgesOf(hyperparameters, judgeModels) },
    look: { promptForm, responseOpening, ...contrast },
  };
}

/** What the loss of a method adds to the parameters of `dpo`; nothing for `dpo` itself, whose tasks are those they were. */
function lossOf({ loss }: StageRule, { dpo: given = {} }: Hyperparameters): object {
  if (loss === undefined) return {};
  if (loss === 'kto') return { loss: { kind: loss } };
  const { gamma = DPO_DEFAULTS.gamma, beta = SIMPO_BETA } = given;
  if (loss === 'simpo') return { loss: { kind: loss, gamma }, beta };
  const {
    contrastCoefficient = DPO_DEFAULTS.contrastCoefficient,
    contrastLimit = DPO_DEFAULTS.contrastLimit,
  } = given;
  return { loss: { kind: loss, contrastCoefficient, contrastLimit } };
}

/** What a kind's settings say that no parameter of the task repeats: the plan has used it. */
const PLANNED_AWAY: ReadonlySet<string> = new Set([
  'samplesFrom',
  'leastContrast',
  'flippedShare',
  'method',
  ...LOSS_SETTINGS.map(([name]) => name),
]);

const definedOnly = (settings: object | undefined) =>
  Object.fromEntries(Object.entries(settings ?? {}).filter(([, value]) => value !== undefined));

/**
 * A model must have room for a prompt beside what it is asked to sample; how long prompts are its own tokenizer alone can
 * tell. Defaults leave room ({@link defaultsFor}).
 */
function faultOfContext(
  { kind }: StageRule,
  hyperparameters: Hyperparameters,
  { name, contextLength }: AskedOf,
): z.core.$ZodIssue | null {
  const asked = kind === 'best-of-n' ? 'generate' : kind;
  const given = hyperparameters[asked] ?? {};
  const sampled = 'maximumNewTokens' in given ? (given.maximumNewTokens ?? 0) : 0;
  if (sampled < contextLength) return null;
  return {
    code: 'custom',
    path: ['hyperparameters', asked, 'maximumNewTokens'],
    message: `is ${sampled}, and ${name} has a context of ${contextLength} tokens for prompt and response together: set it lower`,
    input: sampled,
  };
}

/** Where a parameter of a stage stands among the hyperparameters: the judges that are examined, where those that judge do. */
function placeOf({ kind }: StageRule, path: readonly PropertyKey[]): PropertyKey[] {
  const owner: StageKind = kind === 'examine' && path[0] === 'judges' ? 'judge' : kind;
  return ['hyperparameters', owner, ...path];
}

/**
 * @param model what works on the stage, and the form in which the experiment has it asked
 * @returns issues whose paths lead into the experiment's body
 */
export function resolveParameters(
  rule: StageRule,
  principle: ParametersPrinciple,
  model: AskedOf,
  given: Hyperparameters,
  judgeModels: JudgeModels,
): Parsed {
  const hyperparameters = withSettings([rule], given);
  const misplaced = faultOfPlacement(rule, principle, model, hyperparameters);
  if (misplaced !== null)
    return {
      issues: [{ code: 'custom', path: ['principle'], message: misplaced, input: principle.placement }],
    };
  const settings = { ...defaultsFor(rule.kind, model), ...definedOnly(hyperparameters[rule.kind]) };
  const parsed = taskSchemas[rule.kind].parameters.safeParse({
    ...Object.fromEntries(Object.entries(settings).filter(([name]) => !PLANNED_AWAY.has(name))),
    ...planned(rule, principle, model, hyperparameters, judgeModels)[rule.kind],
  });
  const crowded = faultOfContext(rule, hyperparameters, model);
  if (crowded) return { issues: [crowded] };
  if (parsed.success) return { parameters: parsed.data };
  return {
    issues: parsed.error.issues.map(({ path, ...issue }) =>
      Object.assign(issue, { path: placeOf(rule, path) }),
    ),
  };
}
