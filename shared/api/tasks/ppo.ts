/** PPO: the KL coefficients of the grid are adapter groups of one batched run, kept at each step count. */
import { z } from 'zod';
import { ALARM_SIGNALS } from '../../alarm/over-optimisation.ts';
import {
  ADAPTER_DEFAULTS,
  adapterFields,
  count,
  leftOut,
  optimiserFields,
  promptForm,
  promptLimit,
  samplingFields,
  scheduleKind,
} from './settings.ts';

const distinctAscending = (values: readonly number[]) =>
  values.every((value, index) => index === 0 || value > (values[index - 1] ?? value));
const ASCENDING = { error: 'must rise, without repetition' };

const klController = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('fixed') }),
  z.strictObject({
    kind: z.literal('adaptive'),
    /** Nats a sequence. */
    target: z.number().positive(),
    horizon: z.int().positive(),
  }),
]);

export const ppoHyperparameters = z.strictObject({
  ...adapterFields,
  ...optimiserFields,
  /**
   * Where Adam adds its epsilon: `corrected` as PyTorch, sqrt(v / (1 - beta2^t)) + epsilon; `uncorrected` as TensorFlow,
   * sqrt(v) + epsilon, which takes smaller first steps.
   */
  epsilonForm: z.enum(['corrected', 'uncorrected']),
  ...samplingFields,
  /** What is sampled is what is learned: a nucleus would leave the trainer's distribution, and with it ratio 1 and KL 0. */
  topP: z.literal(1, {
    error:
      'must be 1: PPO learns on the whole distribution; say generate.topP for the nucleus of the final answers',
  }),
  /** One cell group of the grid each; the first coefficient where the controller is adaptive. */
  klCoefficients: z.array(z.number().min(0).max(100)).min(1).max(16).refine(distinctAscending, ASCENDING),
  klController,
  klEstimator: z.enum(['k1', 'k2', 'k3', 'k1-clamped', 'exact']),
  /** PPO steps after which every cell is kept; the last one ends the run. */
  steps: z.array(z.int().min(1).max(100_000)).min(1).max(16).refine(distinctAscending, ASCENDING),
  /** Per step and cell. */
  rollouts: z.int().min(1).max(65_536),
  minibatchSize: z.int().min(1).max(65_536),
  microbatchSize: z.int().min(1).max(65_536),
  /**
   * False repeats a fault of the paper's code (AlpacaFarm issue 57): gradients are dropped after every micro-batch, so
   * that an update uses the last one of its minibatch alone.
   */
  accumulateMicrobatches: z.boolean(),
  epochs: z.int().min(1).max(1023),
  /** `linear` and `cosine` fall to 0 at the last of `steps`, which must then be the only one. */
  schedule: scheduleKind,
  warmupSteps: z.int().min(0).max(100_000),
  discount: z.number().min(0).max(1),
  traceDecay: z.number().min(0).max(1),
  clipRange: z.number().positive().max(10),
  /** Null for no clip. */
  valueClipRange: z.number().positive().nullable(),
  valueCoefficient: z.number().min(0).max(100),
  /**
   * The value models start from the preference model: `zero-head` keeps its backbone alone, so that first values are 0;
   * `preference-head` keeps its head too, on the scale of the normalised scores.
   */
  valueStart: z.enum(['zero-head', 'preference-head']),
  /** `gae` trains a value model beside every policy; `rloo` and `grpo` need none, at about half the time. */
  advantageEstimator: z.enum(['gae', 'rloo', 'grpo']),
  /** Responses to one prompt in a group, for rloo and grpo; 1 for gae. */
  groupSize: z.int().min(1).max(1024),
  whitenRewards: z.boolean(),
  whitenAdvantages: z.boolean(),
  /** True repeats a fault of the paper's code: padding counts, as zeros, in the mean and the deviation of both. */
  whitenPadding: z.boolean(),
  /**
   * Reward of a nat of novelty: how rare a response's token pairs are among the responses of its step, on the scale of the
   * scores. 0, the default, leaves the reward as the paper has it.
   */
  noveltyCoefficient: z.number().min(0).max(100),
  /** Scores are mapped to mean 0 and deviation 1 on the reference policy's samples. */
  normaliseScores: z.boolean(),
  /** On the normalised scale; null scores an unfinished response like any other. */
  penaltyWithoutStop: z.number().nullable(),
  earlyStop: z.strictObject({
    klPerSequence: z.number().positive().nullable(),
    approximateKl: z.number().positive().nullable(),
  }),
  /** Ends a coefficient's training when its over-optimisation alarm is raised; off, the alarm only reports. */
  stopOnAlarm: z.boolean(),
  /** Mean |difference| of the sampler's and the trainer's log-probabilities above which the run stops. */
  maximumMismatch: z.number().positive(),
  /** Longer prompts are dropped. */
  maximumPromptTokens: z.int().min(1).max(32_768),
  promptLimit,
  /** Fixed prompts whose responses are reported as samples, and how often. */
  samplePrompts: z.int().min(0).max(64),
  sampleEverySteps: z.int().min(1).max(100_000),
});

/** Estimators that compare the answers to one prompt with each other need no value models. */
export const hasValueModels = ({
  advantageEstimator,
}: Pick<z.infer<typeof ppoHyperparameters>, 'advantageEstimator'>): boolean => advantageEstimator === 'gae';

export const PPO_DEFAULTS: z.infer<typeof ppoHyperparameters> = {
  ...ADAPTER_DEFAULTS,
  epsilonForm: 'corrected',
  temperature: 1,
  topP: 1,
  maximumNewTokens: 300,
  klCoefficients: [0.001, 0.002, 0.004, 0.008, 0.016, 0.032],
  klController: { kind: 'fixed' },
  klEstimator: 'k1',
  steps: [20, 40, 60, 80],
  rollouts: 512,
  minibatchSize: 256,
  microbatchSize: 32,
  accumulateMicrobatches: true,
  epochs: 2,
  schedule: 'constant',
  warmupSteps: 5,
  discount: 1,
  traceDecay: 1,
  clipRange: 0.2,
  valueClipRange: 0.2,
  valueCoefficient: 0.1,
  valueStart: 'zero-head',
  advantageEstimator: 'gae',
  groupSize: 1,
  whitenRewards: true,
  whitenAdvantages: true,
  whitenPadding: false,
  noveltyCoefficient: 0,
  normaliseScores: true,
  penaltyWithoutStop: -1,
  earlyStop: { klPerSequence: null, approximateKl: null },
  stopOnAlarm: false,
  maximumMismatch: 0.1,
  maximumPromptTokens: 192,
  promptLimit: null,
  samplePrompts: 4,
  sampleEverySteps: 5,
};

/** Input: `preference-model`. Outputs: `cell-<KL coefficient>-<steps>` (adapter) for every cell. */
export const ppoParameters = ppoHyperparameters
  .extend({ promptForm, responseOpening: z.string().max(2000) })
  .refine(({ rollouts, minibatchSize }) => rollouts % minibatchSize === 0, {
    path: ['minibatchSize'],
    error: 'must divide rollouts, so that every rollout has equal weight',
  })
  .refine(({ rollouts, groupSize }) => rollouts % groupSize === 0, {
    path: ['groupSize'],
    error: 'must divide rollouts',
  })
  .refine(({ schedule, steps }) => schedule === 'constant' || steps.length === 1, {
    path: ['schedule'],
    error:
      'must be constant where steps names several: a rate that falls to the last makes other cells of the first',
  });

export const ppoCell = z.strictObject({
  klCoefficient: z.number(),
  steps: count,
  /** Of the last step before the cell was kept. */
  reward: z.number(),
  /** Nats a sequence. */
  kl: z.number(),
  meanLength: z.number(),
  /** Where the cell's run ended early: the step and why. */
  earlyStop: z.strictObject({ step: count, code: z.string(), message: z.string() }).nullable(),
});

/** What the over-optimisation alarm saw of one KL coefficient's run. */
export const ppoAlarm = z.strictObject({
  klCoefficient: z.number(),
  /** When it was first raised and by which signals; null where it never was. */
  raised: z
    .strictObject({ step: count, signals: z.array(z.enum(ALARM_SIGNALS)).min(1), message: z.string() })
    .nullable(),
  /** PPO steps after which the alarm would keep the policy: the last one before the drift that raised it began. */
  chosenSteps: count,
});

export const ppoResult = z.strictObject({
  leftOut,
  cells: z.array(ppoCell).min(1),
  alarms: z.array(ppoAlarm).min(1),
});

/** The output name of a cell. */
export function ppoCellName(klCoefficient: number, steps: number): string {
  return `cell-${klCoefficient}-${steps}`;
}
