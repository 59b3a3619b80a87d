/** Direct preference optimisation on the preference pairs, and its kin: no preference model and no PPO is trained. */
import { z } from 'zod';
import { count, promptForm, SUPERVISED_DEFAULTS, supervisedFields } from './settings.ts';

const dpoFields = z.strictObject({
  ...supervisedFields,
  beta: z
    .number()
    .positive()
    .max(100)
    .describe('Strength of the pull to the reference: the coefficient of the KL that the loss implies'),
  batchPairs: z.int().min(1).max(65_536).describe('Pairs of one training step'),
  microbatchPairs: z.int().min(1).max(65_536).describe('Pairs that go through the engine together'),
});

const gamma = z
  .number()
  .min(0)
  .max(100)
  .describe('By how much `beta` times the margin must exceed zero for an even loss; simpo only');
const contrastCoefficient = z
  .number()
  .min(0)
  .max(100)
  .describe("What a nat of the pair's contrast adds to the margin that is asked for; dlma only");
const contrastLimit = z
  .number()
  .positive()
  .max(10_000)
  .describe('Largest contrast that counts, in nats, towards or away; dlma only');

export const dpoHyperparameters = dpoFields.extend({ gamma, contrastCoefficient, contrastLimit });

export const DPO_DEFAULTS: z.infer<typeof dpoHyperparameters> = {
  ...SUPERVISED_DEFAULTS,
  beta: 0.1,
  epochs: 1,
  batchPairs: 64,
  microbatchPairs: 8,
  schedule: 'linear',
  warmupShare: 0.1,
  gamma: 0.5,
  contrastCoefficient: 0.2,
  contrastLimit: 40,
};

/** The method that each setting of one loss goes with. */
export const LOSS_SETTINGS = [
  ['gamma', 'simpo'],
  ['contrastCoefficient', 'dlma'],
  ['contrastLimit', 'dlma'],
] as const;

/** Of `simpo`, whose margins are nats a token, not nats of a response (Meng et al. 2024). */
export const SIMPO_BETA = 2;

/** How `dlma`, `simpo` and `kto` differ from `dpo`. */
const loss = z
  .discriminatedUnion('kind', [
    z
      .strictObject({
        kind: z
          .literal('dlma')
          .describe("A larger margin is asked of pairs that contrast more, the reference's kept"),
        contrastCoefficient,
        contrastLimit,
      })
      .meta({ id: 'DlmaLoss', description: 'Margins by contrast (Liu et al. 2024)' }),
    z
      .strictObject({
        kind: z
          .literal('simpo')
          .describe('Log-probabilities a token and a fixed margin, without a reference'),
        gamma,
      })
      .meta({ id: 'SimpoLoss', description: 'Margins a token, without a reference (Meng et al. 2024)' }),
    z
      .strictObject({
        kind: z
          .literal('kto')
          .describe('Every response is gained or lost against how far the policy has moved on the whole'),
      })
      .meta({ id: 'KtoLoss', description: 'Single responses, not pairs (Ethayarajh et al. 2024)' }),
  ])
  .describe('How the loss differs from that of `dpo`; absent where it does not');
export type PairLoss = z.infer<typeof loss>;

/** Inputs: `pairs-0000`, ... in order of shard. Output: `adapter`. */
export const dpoParameters = dpoFields.extend({
  promptForm: promptForm.describe('In which form the model is asked'),
  loss: loss.optional(),
});

export const dpoResult = z.strictObject({
  pairs: count.describe('Pairs that were trained on'),
  droppedPairs: count.describe('Pairs that were longer than `maximumLength`'),
  steps: count.describe('Steps that were taken'),
  trainLoss: z.number().describe('Mean loss over the last epoch'),
  accuracy: z
    .number()
    .min(0)
    .max(1)
    .describe(
      "Share of the last epoch's pairs whose margin over the reference agreed with the label before " +
        'their update',
    ),
  meanMargin: z
    .number()
    .describe("Mean over the last epoch of log p(chosen) - log p(rejected) over the reference's, nats"),
});
