/** How much work experiments are: every task once, whoever shares it, in tokens sampled, read and trained. */
import {
  METHOD_STAGES,
  overSettings,
  stagesOf,
  withSettings,
  type Method,
  type StageRule,
} from '../method-stages.ts';
import { hasValueModels } from '../api/tasks/ppo.ts';
import { hasAffixes, type SimulatedSides } from '../api/tasks/simulate.ts';
import { hyperparameterDefaults, type Hyperparameters, type StageKind } from '../api/tasks/kinds.ts';
import type { PrincipleForm } from '../principles/principle.ts';
import { LOOK_PROMPTS } from './look-prompts.ts';

/** Tokens of one task, or of many. */
export interface Work {
  /** Drawn one by one. */
  readonly sampled: number;
  /** Read once, without a gradient. */
  readonly read: number;
  /** Read with a gradient. */
  readonly trained: number;
}

export interface TaskWork extends Work {
  readonly kind: StageKind;
  readonly stage: string;
  /** The first method that asks for it. */
  readonly method: Method;
  readonly seed: number;
}

export interface Comparison {
  readonly methods: readonly Method[];
  readonly seeds: readonly number[];
  readonly hyperparameters: Hyperparameters;
  /** What a method takes over them. */
  readonly ofMethod?: Partial<Readonly<Record<Method, Hyperparameters>>>;
  readonly prompts: { readonly train: number; readonly dev: number; readonly test: number };
  /** Mean tokens of a prompt. */
  readonly promptTokens: number;
  readonly form: PrincipleForm;
  /** What answers turn out to be; left out, they are as long as they may be and all kept: an upper bound. */
  readonly answers?: ExpectedAnswers;
}

/** Answers as a look at the model found them. */
export interface ExpectedAnswers {
  /** Mean tokens of an answer; one that may be no longer than that is taken to be as long as it may. */
  readonly meanTokens: number;
  /** Share that the filter of the simulation keeps, above 0. */
  readonly acceptance: number;
}

/** Tokens of the paper's A/B question beside the pair itself, and of the affirming text after a story. */
const QUESTION_TOKENS = { dialogue: 120, prefix: 12 } as const;
/** Pairs of a simulation whose tokens are read for those who look at them. */
export const SHOWN_PAIRS = 64;
/** Simulations that answer each prompt once. */
const ONE_SIDED: ReadonlySet<SimulatedSides> = new Set(['positive', 'stronger', 'weaker']);
/** Both answers of a pair, behind each of two prompts. */
const PAIR_READS = 2;

/** Passes over a response for its reward: by a preference model, or behind the prompts of both sides. */
const rewardReads = ({ inputs }: StageRule): number =>
  inputs.some(({ output }) => output === 'preference-model') ? 1 : 2;

/** The tasks of a comparison: a task that several methods ask for stands there once. */
export function comparisonWork(comparison: Comparison): TaskWork[] {
  const tasks = new Map<string, TaskWork>();
  for (const seed of comparison.seeds) {
    for (const method of comparison.methods) {
      const own = comparison.ofMethod?.[method] ?? {};
      const given = overSettings(comparison.hyperparameters, own);
      const hyperparameters = withSettings(METHOD_STAGES[method], given);
      // The scorer for the edge is made only where an experiment asks for it; a comparison does not.
      for (const rule of stagesOf(method, { hyperparameters: given })) {
        const key = `${seed} ${identity(method, rule, hyperparameters)}`;
        if (tasks.has(key)) continue;
        const work = WORK[rule.kind]({ ...comparison, hyperparameters }, rule);
        tasks.set(key, { kind: rule.kind, stage: rule.name, method, seed, ...work });
      }
    }
  }
  return [...tasks.values()];
}

/** What decides a task's content beside its seed: its kind, its sides, its settings, and the same of everything that it reads. */
function identity(method: Method, rule: StageRule, hyperparameters: Hyperparameters): string {
  const inputs = rule.inputs.map(({ from, output }) => {
    const source = METHOD_STAGES[method].find(({ name }) => name === from);
    return source === undefined ? '' : `${output}:${identity(method, source, hyperparameters)}`;
  });
  const { kind, sides, split, loss, measuresContrast } = rule;
  const settings = Object.entries(hyperparameters[kind] ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `${kind}${JSON.stringify({ sides, split, loss, measuresContrast, settings })}(${inputs.join(',')})`;
}

type Defaults = typeof hyperparameterDefaults;

/** The settings of a kind: what is given, over the defaults. */
export function settingsOf<Kind extends StageKind>(kind: Kind, given: Hyperparameters): Defaults[Kind] {
  return { ...hyperparameterDefaults[kind], ...given[kind] };
}

/** Models that PPO trains on every rollout: the policy and, where advantages need values, a value model. */
export const ppoModels = (settings: Defaults['ppo']): number => (hasValueModels(settings) ? 2 : 1);

const NOTHING: Work = { sampled: 0, read: 0, trained: 0 };

const WORK: Readonly<Record<StageKind, (comparison: Comparison, rule: StageRule) => Work>> = {
  simulate: (comparison, { sides, measuresContrast }) => {
    const simulate = settingsOf('simulate', comparison.hyperparameters);
    const asked = pairsOf(simulate, comparison) * (sides !== undefined && ONE_SIDED.has(sides) ? 1 : 2);
    const responses = asked * meanTries(simulate.maximumTries, comparison);
    const pairs = pairsOf(simulate, comparison);
    const shown = sides !== undefined && hasAffixes(sides) ? Math.min(pairs, SHOWN_PAIRS) : 0;
    const measured =
      sides === 'contrast' && (measuresContrast || simulate.leastContrast !== null) ? pairs : 0;
    return {
      ...NOTHING,
      sampled: responses * responseTokens(simulate, comparison),
      read:
        responses * comparison.promptTokens +
        PAIR_READS * (shown + measured) * pairTokens(simulate, comparison),
    };
  },
  label: (comparison) => {
    const simulate = settingsOf('simulate', comparison.hyperparameters);
    const label = settingsOf('label', comparison.hyperparameters);
    const texts = textTokens(simulate, comparison);
    const question =
      comparison.form === 'dialogue'
        ? (label.orders === 'both' ? 2 : 1) * (2 * texts + QUESTION_TOKENS.dialogue)
        : 2 * (texts + QUESTION_TOKENS.prefix);
    return { ...NOTHING, read: pairsOf(simulate, comparison) * question };
  },
  'train-preference-model': (comparison) => {
    const simulate = settingsOf('simulate', comparison.hyperparameters);
    const { epochs, heldOutPairs } = settingsOf('train-preference-model', comparison.hyperparameters);
    const tokens = pairTokens(simulate, comparison);
    const trained = Math.max(0, pairsOf(simulate, comparison) - heldOutPairs) * epochs * tokens;
    return { ...NOTHING, read: heldOutPairs * tokens, trained };
  },
  ppo: (comparison, rule) => {
    const ppo = settingsOf('ppo', comparison.hyperparameters);
    const rollouts = ppo.rollouts * Math.max(...ppo.steps) * ppo.klCoefficients.length;
    const tokens = rollouts * answerTokens(ppo, comparison, ppo.groupSize);
    return {
      sampled: rollouts * responseTokens(ppo, comparison),
      // Each prompt before the first token is drawn; then what reference, reward and value models say of the answers.
      read:
        (rollouts / ppo.groupSize) * comparison.promptTokens + tokens * (rewardReads(rule) + ppoModels(ppo)),
      trained: tokens * ppo.epochs * ppoModels(ppo),
    };
  },
  select: (comparison, rule) => {
    const ppo = settingsOf('ppo', comparison.hyperparameters);
    const select = settingsOf('select', comparison.hyperparameters);
    const responses =
      limited(select.promptLimit, comparison.prompts.dev) * ppo.klCoefficients.length * ppo.steps.length;
    return {
      ...NOTHING,
      sampled: responses * responseTokens(select, comparison),
      read: (1 + rewardReads(rule)) * responses * textTokens(select, comparison),
    };
  },
  distill: (comparison) => {
    const simulate = settingsOf('simulate', comparison.hyperparameters);
    const distill = settingsOf('distill', comparison.hyperparameters);
    return {
      ...NOTHING,
      trained: pairsOf(simulate, comparison) * distill.epochs * textTokens(simulate, comparison),
    };
  },
  dpo: (comparison, { loss }) => {
    const simulate = settingsOf('simulate', comparison.hyperparameters);
    const { epochs } = settingsOf('dpo', comparison.hyperparameters);
    const texts = pairsOf(simulate, comparison) * pairTokens(simulate, comparison);
    // By the base, where there is one: both sides, and of kto as many unrelated responses, which the policy reads at each step.
    const reads = loss === 'simpo' ? 0 : loss === 'kto' ? 2 + epochs : 1;
    return { ...NOTHING, read: texts * reads, trained: texts * epochs };
  },
  generate: (comparison) => {
    const generate = settingsOf('generate', comparison.hyperparameters);
    const responses = limited(generate.promptLimit, comparison.prompts.test);
    return {
      ...NOTHING,
      sampled: responses * responseTokens(generate, comparison),
      read: responses * textTokens(generate, comparison),
    };
  },
  'best-of-n': (comparison) => {
    const generate = settingsOf('generate', comparison.hyperparameters);
    const bestOfN = settingsOf('best-of-n', comparison.hyperparameters);
    const responses = limited(generate.promptLimit, comparison.prompts.test) * bestOfN.candidates;
    return {
      ...NOTHING,
      sampled: responses * responseTokens(generate, comparison),
      // By the base and by the preference model, which read the prompt once for all candidates.
      read: 2 * responses * answerTokens(generate, comparison, bestOfN.candidates),
    };
  },
  judge: (comparison) => {
    const generate = settingsOf('generate', comparison.hyperparameters);
    const pairs = limited(generate.promptLimit, comparison.prompts.test);
    return {
      ...NOTHING,
      read: pairs * judgedTokens(comparison.hyperparameters, pairTokens(generate, comparison)),
    };
  },
  'train-scorer': () => NOTHING,
  frontier: (comparison) => {
    const frontier = settingsOf('frontier', comparison.hyperparameters);
    return besideBase(frontier, frontier.strengths.length, 'test', comparison);
  },
  trajectory: (comparison) => {
    const { klCoefficients, steps } = settingsOf('ppo', comparison.hyperparameters);
    const trajectory = settingsOf('trajectory', comparison.hyperparameters);
    return besideBase(trajectory, klCoefficients.length * steps.length, 'dev', comparison);
  },
  examine: (comparison) => {
    const { pairLimit } = settingsOf('examine', comparison.hyperparameters);
    const generate = settingsOf('generate', comparison.hyperparameters);
    const pairs = Math.min(pairLimit, comparison.prompts.test);
    return {
      ...NOTHING,
      read: pairs * judgedTokens(comparison.hyperparameters, pairTokens(generate, comparison)),
    };
  },
  look: (comparison) => {
    const look = settingsOf('look', comparison.hyperparameters);
    const answers = 2 * Math.min(LOOK_PROMPTS, comparison.prompts.train);
    return {
      ...NOTHING,
      sampled: answers * responseTokens(look, comparison),
      // Each answer behind both prompts.
      read: 2 * answers * textTokens(look, comparison),
    };
  },
};

/** Adapters that answer the prompts of a split beside the base, and are judged against it. */
function besideBase(
  settings: Lengths & { readonly promptLimit: number | null },
  adapters: number,
  split: 'dev' | 'test',
  comparison: Comparison,
): Work {
  const groups = adapters + 1;
  const prompts = limited(settings.promptLimit, comparison.prompts[split]);
  const responses = prompts * groups;
  return {
    ...NOTHING,
    sampled: responses * responseTokens(settings, comparison),
    // By the base, which reads each prompt once for the answers of all; then each beside the base's by judges.
    read:
      responses * answerTokens(settings, comparison, groups) +
      (responses - prompts) * judgedTokens(comparison.hyperparameters, pairTokens(settings, comparison)),
  };
}

function limited(limit: number | null, available: number): number {
  return limit === null ? available : Math.min(limit, available);
}

function pairsOf(
  { promptLimit, pairsPerPrompt }: { promptLimit: number | null; pairsPerPrompt: number },
  { prompts }: Comparison,
): number {
  return limited(promptLimit, prompts.train) * pairsPerPrompt;
}

/**
 * Tokens that the judges read of one pair of answers: preference models the pair, judges by likelihood their question, in both
 * orders. Others cost the engine nothing.
 *
 * @param pair tokens of both answers and their prompt
 */
export function judgedTokens({ judge }: Hyperparameters, pair: number): number {
  const judges = judge?.judges ?? hyperparameterDefaults.judge.judges;
  const reads: Readonly<Record<string, number>> = {
    'preference-model': pair,
    likelihood: 2 * (QUESTION_TOKENS.dialogue + pair),
  };
  return judges.reduce((sum, one) => sum + (typeof one === 'string' ? 0 : (reads[one.kind] ?? 0)), 0);
}

type Lengths = { readonly maximumNewTokens: number };

function responseTokens({ maximumNewTokens }: Lengths, { answers }: Comparison): number {
  return Math.min(maximumNewTokens, answers?.meanTokens ?? maximumNewTokens);
}

function textTokens(lengths: Lengths, comparison: Comparison): number {
  return answerTokens(lengths, comparison, 1);
}

/** Of two answers to one prompt, which is read once for both. */
function pairTokens(lengths: Lengths, comparison: Comparison): number {
  return 2 * answerTokens(lengths, comparison, 2);
}

/** Of an answer with its share of the prompt that it has in common with others. */
function answerTokens(lengths: Lengths, comparison: Comparison, answersToPrompt: number): number {
  return comparison.promptTokens / answersToPrompt + responseTokens(lengths, comparison);
}

/** Tries of an answer until the filter keeps one, at most so many: (1 - (1 - a)^n) / a of an acceptance a. */
function meanTries(maximum: number, { answers }: Comparison): number {
  const acceptance = answers?.acceptance ?? 1;
  return (1 - (1 - acceptance) ** maximum) / acceptance;
}
