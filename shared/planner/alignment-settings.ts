/** What an alignment asks of each stage at each scale; what is not said here has the API's default. */
import type { Hyperparameters } from '../api/tasks/kinds.ts';
import { METHOD_STAGES, type Method } from '../method-stages.ts';
import type { PrincipleForm } from '../principles/principle.ts';

export const SCALES = ['small', 'full'] as const;
export type Scale = (typeof SCALES)[number];

/**
 * Of the base model's variety; a win that costs more than a fifth of it is none. A twentieth above that, since the
 * share falls with the amount of text and there is more of it on the test prompts.
 */
const MINIMUM_DISTINCT_2 = 0.85;

/** Keeps the variety that a policy would else give away for reward, at some perplexity (docs/method.md). */
const NOVELTY = 0.4;

/**
 * At which small story models write words: of the bundled model's, an English dictionary knows 97.7 % at temperature 1 and
 * 99.4 % at 0.8; 99.8 % with the nucleus of 0.9 that answers to be read are drawn from.
 */
const STORY_TEMPERATURE = 0.8;

/** Measured on the bundled model (npm run bench -- rlcd, docs/method.md). */
const small: Hyperparameters = {
  simulate: { temperature: STORY_TEMPERATURE, maximumNewTokens: 64, promptLimit: 1440, pairsPerPrompt: 2 },
  'train-preference-model': { learningRate: 1e-3, epochs: 1, heldOutPairs: 300, maximumLength: 256 },
  ppo: {
    learningRate: 7e-4,
    temperature: STORY_TEMPERATURE,
    maximumNewTokens: 48,
    klCoefficients: [0.1, 0.2],
    steps: [8, 15],
    noveltyCoefficient: NOVELTY,
    rollouts: 64,
    minibatchSize: 32,
    microbatchSize: 32,
    penaltyWithoutStop: null,
    maximumPromptTokens: 128,
  },
  select: {
    temperature: STORY_TEMPERATURE,
    maximumNewTokens: 48,
    promptLimit: 100,
    minimumDistinct2: MINIMUM_DISTINCT_2,
  },
  generate: { temperature: STORY_TEMPERATURE, topP: 0.8, maximumNewTokens: 64, promptLimit: 400 },
};

/**
 * Measured on stories3M-q80 (docs/method.md). Most of the reward of a text is settled by its prompt and its first sentences,
 * and the preference model says so of a text that is not finished: value models that keep its head, and a trace that
 * decays, take that out of the advantages. With twice the rollouts and a lower rate, a nat of KL buys more reward.
 * Nothing is banned: stories hold neither back-slashes nor back-ticks.
 */
const full: Hyperparameters = {
  simulate: { maximumNewTokens: 64, promptLimit: 3000, pairsPerPrompt: 3, bannedTexts: [] },
  'train-preference-model': { learningRate: 1e-3, epochs: 1, heldOutPairs: 500, maximumLength: 256 },
  ppo: {
    learningRate: 3e-4,
    warmupSteps: 2,
    maximumNewTokens: 56,
    klCoefficients: [0.06, 0.07],
    steps: [15, 20],
    rollouts: 128,
    minibatchSize: 64,
    valueStart: 'preference-head',
    traceDecay: 0.95,
    noveltyCoefficient: NOVELTY,
    microbatchSize: 32,
    penaltyWithoutStop: null,
    maximumPromptTokens: 128,
  },
  select: { maximumNewTokens: 56, promptLimit: null, minimumDistinct2: MINIMUM_DISTINCT_2 },
  generate: { maximumNewTokens: 64, topP: 1, promptLimit: 500 },
};

/**
 * For a dialogue with a model of one's own, before its sizes are chosen (budget-sizes.ts): with these a model of 135M
 * parameters learned what a judge of people's pairs prefers (docs/results/align.md). Answers to a prompt are compared with
 * each other: in the few steps of a run the value models explained nothing (2 % of the returns after eight steps), and cost
 * half of every update. Pairs that do not contrast are left out.
 */
const dialogue: Hyperparameters = {
  simulate: { temperature: 0.7, leastContrast: 0 },
  'train-preference-model': { learningRate: 5e-4, epochs: 1, maximumLength: 256 },
  ppo: {
    learningRate: 7e-4,
    warmupSteps: 2,
    temperature: 0.7,
    klCoefficients: [0.05, 0.1],
    advantageEstimator: 'rloo',
    groupSize: 4,
    whitenRewards: false,
    epochs: 1,
    noveltyCoefficient: 0,
    maximumPromptTokens: 128,
  },
  select: { temperature: 0.7, minimumDistinct2: MINIMUM_DISTINCT_2 },
  generate: { temperature: 0.7, topP: 1 },
};

/** What a budget's sizes are put into. */
export const BUDGET_SETTINGS: Readonly<Record<PrincipleForm, Hyperparameters>> = { dialogue, prefix: small };

/**
 * Of the contrast read as reward, which no preference model bounds: at 0.05, RLCD's, a policy was 12 nats from its base after 18
 * steps and wrote at 1.26 of its perplexity; at 0.2 it was 4 nats away, at 0.98, and won as well (docs/results/align.md).
 */
const DIRECT_KL_COEFFICIENTS = [0.2, 0.4];

/** What a method has stages for, of settings that were made for RLCD. */
export function settingsOfMethod(method: Method, { ppo, ...settings }: Hyperparameters): Hyperparameters {
  const rules = METHOD_STAGES[method];
  const kept = Object.entries(settings).filter(([name]) => rules.some(({ kind }) => kind === name));
  const training = rules.find(({ kind }) => kind === 'ppo');
  if (ppo === undefined || training === undefined) return Object.fromEntries(kept);
  if (training.inputs.length > 0) return { ...Object.fromEntries(kept), ppo };
  // Without a preference model there is no head to start from.
  const { valueStart: _, ...others } = ppo;
  const klCoefficients = DIRECT_KL_COEFFICIENTS.slice(0, ppo.klCoefficients?.length);
  return { ...Object.fromEntries(kept), ppo: { ...others, klCoefficients } };
}

/** A scale's sizes with the rates and temperatures of a dialogue: those of a scale were measured on stories. */
export function withDialogueRates(scale: Hyperparameters): Hyperparameters {
  return {
    ...scale,
    simulate: { ...scale.simulate, ...dialogue.simulate },
    'train-preference-model': { ...scale['train-preference-model'], ...dialogue['train-preference-model'] },
    ppo: { ...scale.ppo, ...dialogue.ppo },
    select: { ...scale.select, ...dialogue.select },
    generate: { ...scale.generate, ...dialogue.generate },
  };
}

/** Tokens of the longest answer unless somebody says so. */
export const LONGEST_ANSWER = 64;

/** Settings whose simulation and test give an answer so many tokens; unless given as many as they say, or 64. */
export function withLongestAnswer(settings: Hyperparameters, tokens?: number): Hyperparameters {
  const maximumNewTokens = tokens ?? settings.simulate?.maximumNewTokens ?? LONGEST_ANSWER;
  return {
    ...settings,
    simulate: { ...settings.simulate, maximumNewTokens },
    generate: { ...settings.generate, maximumNewTokens },
  };
}

export const HYPERPARAMETERS: Readonly<Record<Scale, Hyperparameters>> = { small, full };
