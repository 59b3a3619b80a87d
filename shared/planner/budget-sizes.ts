/** How large an alignment may be for a time: pairs, PPO steps, rollouts and lengths, from a look at the model. */
import type { Hyperparameters } from '../api/tasks/kinds.ts';
import type { AligningMethod, Method } from '../method-stages.ts';
import { duration } from '../report/figures.ts';
import type { PrincipleForm } from '../principles/principle.ts';
import { UserError } from '../user-error.ts';
import { BUDGET_SETTINGS, settingsOfMethod } from './alignment-settings.ts';
import { stageSeconds, type WorkRates } from './seconds.ts';
import { comparisonWork, type Comparison, type ExpectedAnswers } from './work.ts';

/** What was measured of model, prompts and machine. */
export interface SizingLook extends Pick<Comparison, 'prompts' | 'promptTokens' | 'form'> {
  readonly rates: WorkRates;
  /** Of the model that simulates, where it is another. */
  readonly simulator?: WorkRates;
  readonly answers: ExpectedAnswers;
  /** Longest answer that was sampled, in tokens: longer ones are not asked for. */
  readonly longestAnswer: number;
}

export interface BudgetPlan {
  readonly hyperparameters: Hyperparameters;
  /** Planned seconds of each stage, in order. */
  readonly stages: Readonly<Record<string, number>>;
  readonly seconds: number;
}

/** Not even the smallest sizes are done in that time. */
export class BudgetTooSmallError extends UserError {
  override readonly name = 'BudgetTooSmallError';
  override readonly code = 'budget-too-small';
}

/** One number decides all sizes, each of which grows with it: of this ladder the largest rung that fits is taken. */
const RUNG = 1.03;
const RUNGS = 220;

type Sizes = readonly (readonly [from: number, size: number])[];

/** How PPO grows with the scale. */
interface PolicySizes {
  /** Scales from which on a step has so many rollouts. */
  readonly rollouts: Sizes;
  /** Steps at a scale: LEAST_STEPS x scale ^ exponent. */
  readonly exponent: number;
  readonly mostSteps: number;
  /** From here on several KL coefficients are tried, and the best is kept. */
  readonly gridScale: number;
}

/**
 * Stories have two epochs of value models in every step; a dialogue's step has one of policies alone, is cheap, and of those
 * it wants many: the reward of a chat model rose from the eighth step on (docs/results/align.md).
 */
const POLICY_SIZES: Readonly<Record<PrincipleForm, PolicySizes>> = {
  prefix: {
    rollouts: [
      [24, 128],
      [6, 64],
      [2, 32],
      [0, 16],
    ],
    exponent: 0.4,
    mostSteps: 20,
    gridScale: 10,
  },
  dialogue: {
    rollouts: [
      [24, 128],
      [3, 64],
      [0, 32],
    ],
    exponent: 1,
    mostSteps: 60,
    gridScale: 20,
  },
};
/**
 * Longest answers of PPO. Of stories many short ones teach more than few long ones. A dialogue's are as long as those it is
 * judged by: an answer that is cut off earlier cannot learn to end (docs/results/align.md).
 */
const POLICY_TOKENS: Readonly<Record<PrincipleForm, Sizes>> = {
  prefix: [
    [16, 96],
    [6, 64],
    [2, 48],
    [0, 32],
  ],
  dialogue: [[0, Number.POSITIVE_INFINITY]],
};
const LEAST_PAIRS = 48;
const MOST_PAIRS = 6000;
const MOST_PAIRS_PER_PROMPT = 4;
const LEAST_STEPS = 4;
/** Of the pairs, kept to measure the preference model. */
const HELD_OUT_SHARE = 0.15;

function sizeAt(sizes: Sizes, scale: number): number {
  return sizes.find(([from]) => scale >= from)?.[1] ?? Number.NaN;
}

/**
 * At a KL coefficient of 0.2 the policy of twelve steps had more reward than those of six and eighteen
 * (docs/results/align.md): so more time is more answers a step, and more coefficients.
 */
const DIRECT_SIZES: PolicySizes = {
  rollouts: [
    [5, 128],
    [2, 64],
    [0, 32],
  ],
  exponent: 1,
  mostSteps: 12,
  gridScale: 8,
};

/** The settings at a scale from 1 on: no size falls where the scale grows. */
function sizesAt(scale: number, look: Omit<SizingLook, 'rates'>, method: AligningMethod): Hyperparameters {
  const settings = BUDGET_SETTINGS[look.form];
  const { train, dev, test } = look.prompts;
  const wanted = Math.min(MOST_PAIRS, Math.floor(LEAST_PAIRS * scale));
  const pairsPerPrompt = Math.min(
    MOST_PAIRS_PER_PROMPT,
    Math.max(1, Math.floor(wanted / Math.max(1, train))),
  );
  const promptLimit = Math.max(1, Math.min(train, Math.floor(wanted / pairsPerPrompt)));
  const pairs = promptLimit * pairsPerPrompt;
  const policy = method === 'rlcd-direct' ? DIRECT_SIZES : POLICY_SIZES[look.form];
  const rollouts = sizeAt(policy.rollouts, scale);
  const steps = Math.min(policy.mostSteps, Math.floor(LEAST_STEPS * scale ** policy.exponent));
  const policyTokens = Math.min(look.longestAnswer, sizeAt(POLICY_TOKENS[look.form], scale));
  const grid = scale >= policy.gridScale;
  const coefficients = settings.ppo?.klCoefficients ?? [];
  const limit = (least: number, most: number, available: number) =>
    Math.max(1, Math.min(available, most, Math.floor(least * Math.sqrt(scale))));
  return settingsOfMethod(method, {
    ...settings,
    simulate: { ...settings.simulate, maximumNewTokens: look.longestAnswer, promptLimit, pairsPerPrompt },
    'train-preference-model': {
      ...settings['train-preference-model'],
      heldOutPairs: Math.max(1, Math.floor(pairs * HELD_OUT_SHARE)),
    },
    ppo: {
      ...settings.ppo,
      maximumNewTokens: policyTokens,
      klCoefficients: grid ? coefficients : coefficients.slice(0, 1),
      // The earlier policy is there where the later one has lost its variety.
      steps: [Math.ceil(steps / 2), steps],
      rollouts,
      minibatchSize: rollouts / 2,
      microbatchSize: Math.min(32, rollouts / 2),
    },
    select: { ...settings.select, maximumNewTokens: policyTokens, promptLimit: limit(16, 200, dev) },
    generate: {
      ...settings.generate,
      maximumNewTokens: look.longestAnswer,
      promptLimit: limit(40, 500, test),
    },
  });
}

/** Settings with the time that their stages take by the look. */
export function planSettings(
  hyperparameters: Hyperparameters,
  look: SizingLook,
  method: Method = 'rlcd',
): BudgetPlan {
  const { prompts, promptTokens, form, answers, rates, simulator } = look;
  const comparison = {
    methods: [method],
    seeds: [1],
    hyperparameters,
    prompts,
    promptTokens,
    form,
    answers,
  } as const;
  const stages = stageSeconds(comparisonWork(comparison), rates, simulator);
  return {
    hyperparameters,
    stages,
    seconds: Object.values(stages).reduce((sum, seconds) => sum + seconds, 0),
  };
}

/**
 * The largest sizes whose planned time is within the budget.
 *
 * @param seconds that are left for the stages; below zero where the look took more
 * @throws BudgetTooSmallError with the least budget and what else would help
 */
export function sizesForBudget(
  seconds: number,
  look: SizingLook,
  method: AligningMethod = 'rlcd',
): BudgetPlan {
  for (let rung = RUNGS; rung >= 0; rung--) {
    const plan = planSettings(sizesAt(RUNG ** rung, look, method), look, method);
    if (plan.seconds <= seconds) return plan;
  }
  const least = planSettings(sizesAt(1, look, method), look, method);
  const { ppo, simulate } = least.hyperparameters;
  const pairs = simulate ? `${simulate.promptLimit} pairs, ` : '';
  const [longest = ['', 0]] = Object.entries(least.stages).toSorted(([, a], [, b]) => b - a);
  throw new BudgetTooSmallError(
    `${seconds > 0 ? `${duration(seconds)} are too few` : 'No time is left'} for this model on this machine: the smallest sizes ` +
      `(${pairs}${ppo?.steps?.at(-1)} PPO steps of ${ppo?.rollouts} answers) take ` +
      `${duration(least.seconds)} (${longest[0]} ${duration(longest[1])})`,
    {
      cure: `Give ${Math.ceil((least.seconds - seconds) / 60)} min more, shorter prompts (they have ${Math.round(look.promptTokens)} tokens), or a smaller model`,
    },
  );
}
