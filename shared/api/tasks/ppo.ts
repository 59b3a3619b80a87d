/** PPO: the KL coefficients of the grid are adapter groups of one batched run, kept at each step count. */
import { z } from 'zod';
import { ALARM_SIGNALS } from '../../alarm/over-optimisation.ts';
import {
  contrastPlacement,
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
  z.strictObject({ kind: z.literal('fixed').describe('The coefficients stay as they are') }),
  z.strictObject({
    kind: z.literal('adaptive').describe('The coefficient follows the KL'),
    target: z.number().positive().describe('Nats a sequence'),
    horizon: z.int().positive().describe('Rollouts over which it follows'),
  }),
]);

export const ppoHyperparameters = z.strictObject({
  ...adapterFields,
  ...optimiserFields,
  epsilonForm: z
    .enum(['corrected', 'uncorrected'])
    .describe(
      'Where Adam adds its epsilon: `corrected` as PyTorch, sqrt(v / (1 - beta2^t)) + epsilon; ' +
        '`uncorrected` as TensorFlow, sqrt(v) + epsilon, which takes smaller first steps',
    ),
  ...samplingFields,
  topP: z
    .literal(1, {
      error:
        'must be 1: PPO learns on the whole distribution; say generate.topP for the nucleus of the final answers',
    })
    .describe(
      "What is sampled is what is learned: a nucleus would leave the trainer's distribution, and with " +
        'it ratio 1 and KL 0',
    ),
  klCoefficients: z
    .array(z.number().min(0).max(100))
    .min(1)
    .max(16)
    .refine(distinctAscending, ASCENDING)
    .describe('One cell group of the grid each; the first coefficient where the controller is adaptive'),
  klController: klController.describe('Whether the KL coefficient stays, or follows the KL'),
  klEstimator: z
    .enum(['k1', 'k2', 'k3', 'k1-clamped', 'exact'])
    .describe('How the KL a token is estimated from log-probabilities; `exact` sums over the vocabulary'),
  steps: z
    .array(z.int().min(1).max(100_000))
    .min(1)
    .max(16)
    .refine(distinctAscending, ASCENDING)
    .describe('PPO steps after which every cell is kept; the last one ends the run'),
  rollouts: z.int().min(1).max(65_536).describe('Per step and cell'),
  minibatchSize: z.int().min(1).max(65_536).describe('Rollouts of one update; divides `rollouts`'),
  microbatchSize: z.int().min(1).max(65_536).describe('Rollouts that go through the engine together'),
  accumulateMicrobatches: z
    .boolean()
    .describe(
      "False repeats a fault of the paper's code (AlpacaFarm issue 57): gradients are dropped after " +
        'every micro-batch, so that an update uses the last one of its minibatch alone',
    ),
  epochs: z.int().min(1).max(1023).describe('Passes over the rollouts of a step'),
  schedule: scheduleKind.describe(
    '`linear` and `cosine` fall to 0 at the last of `steps`, which must then be the only one',
  ),
  warmupSteps: z.int().min(0).max(100_000).describe('PPO steps in which the learning rate rises from 0'),
  discount: z.number().min(0).max(1).describe('Discount of later rewards (gamma)'),
  traceDecay: z.number().min(0).max(1).describe('Decay of the traces of the advantage (lambda)'),
  clipRange: z
    .number()
    .positive()
    .max(10)
    .describe('How far the ratio of new to old probability may leave 1 before its gradient is cut'),
  valueClipRange: z.number().positive().nullable().describe('Null for no clip'),
  valueCoefficient: z.number().min(0).max(100).describe("Weight of the value model's loss"),
  valueStart: z
    .enum(['zero-head', 'preference-head'])
    .describe(
      'The value models start from the preference model: `zero-head` keeps its backbone alone, so ' +
        'that first values are 0; `preference-head` keeps its head too, on the scale of the normalised ' +
        'scores',
    ),
  advantageEstimator: z
    .enum(['gae', 'rloo', 'grpo'])
    .describe(
      '`gae` trains a value model beside every policy; `rloo` and `grpo` need none, at about half the ' +
        'time',
    ),
  groupSize: z
    .int()
    .min(1)
    .max(1024)
    .describe('Responses to one prompt in a group, for rloo and grpo; 1 for gae'),
  whitenRewards: z.boolean().describe('Whether rewards are scaled to deviation 1'),
  whitenAdvantages: z.boolean().describe('Whether advantages are scaled to mean 0 and deviation 1'),
  whitenPadding: z
    .boolean()
    .describe(
      "True repeats a fault of the paper's code: padding counts, as zeros, in the mean and the " +
        'deviation of both',
    ),
  noveltyCoefficient: z
    .number()
    .min(0)
    .max(100)
    .describe(
      "Reward of a nat of novelty: how rare a response's token pairs are among the responses of its " +
        'step, on the scale of the scores. 0, the default, leaves the reward as the paper has it',
    ),
  normaliseScores: z
    .boolean()
    .describe("Scores are mapped to mean 0 and deviation 1 on the reference policy's samples"),
  penaltyWithoutStop: z
    .number()
    .nullable()
    .describe('On the normalised scale; null scores an unfinished response like any other'),
  earlyStop: z
    .strictObject({
      klPerSequence: z
        .number()
        .positive()
        .nullable()
        .describe('Ends it above so many nats a sequence; null: never'),
      approximateKl: z
        .number()
        .positive()
        .nullable()
        .describe('Ends it above so much KL between old and new policy; null: never'),
    })
    .describe("When a coefficient's training ends early; null limits never"),
  stopOnAlarm: z
    .boolean()
    .describe(
      "Ends a coefficient's training when its over-optimisation alarm is raised; off, the alarm only " +
        'reports',
    ),
  maximumMismatch: z
    .number()
    .positive()
    .describe(
      "Mean |difference| of the sampler's and the trainer's log-probabilities above which the run stops",
    ),
  maximumPromptTokens: z.int().min(1).max(32_768).describe('Longer prompts are dropped'),
  promptLimit: promptLimit.describe('The first prompts of the split that are used; null for all'),
  samplePrompts: z
    .int()
    .min(0)
    .max(64)
    .describe('Fixed prompts whose responses are reported as samples, and how often'),
  sampleEverySteps: z
    .int()
    .min(1)
    .max(100_000)
    .describe('PPO steps between two reports of samples; the last step reports them, too'),
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
  .extend({
    promptForm: promptForm.describe('In which form the model is asked'),
    placement: contrastPlacement,
    responseOpening: z.string().max(2000).describe('Text that every response continues; empty for none'),
  })
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
  klCoefficient: z.number().describe('The KL coefficient of the cell'),
  steps: count.describe('PPO steps after which it was kept'),
  reward: z.number().describe('Of the last step before the cell was kept'),
  kl: z.number().describe('Nats a sequence'),
  meanLength: z.number().describe('Mean tokens of the responses'),
  earlyStop: z
    .strictObject({
      step: count.describe('The PPO step'),
      code: z.string().describe('For programs: a word in kebab case'),
      message: z.string().describe('For people: what happened'),
    })
    .nullable()
    .describe("Where the cell's run ended early: the step and why"),
});

/** What the over-optimisation alarm saw of one KL coefficient's run. */
export const ppoAlarm = z.strictObject({
  klCoefficient: z.number().describe('The KL coefficient of the cell'),
  raised: z
    .strictObject({
      step: count.describe('The PPO step'),
      signals: z.array(z.enum(ALARM_SIGNALS)).min(1).describe('The signals that raised it'),
      message: z.string().describe('For people: what happened'),
    })
    .nullable()
    .describe('When it was first raised and by which signals; null where it never was'),
  chosenSteps: count.describe(
    'PPO steps after which the alarm would keep the policy: the last one before the drift that ' +
      'raised it began',
  ),
});

export const ppoResult = z.strictObject({
  leftOut: leftOut.describe('Prompts that the stage left out, by reason; absent where it used them all'),
  cells: z.array(ppoCell).min(1).describe('Every cell of the grid'),
  alarms: z.array(ppoAlarm).min(1).describe('The over-optimisation alarm, one for each KL coefficient'),
});

/** The output name of a cell. */
export function ppoCellName(klCoefficient: number, steps: number): string {
  return `cell-${klCoefficient}-${steps}`;
}
