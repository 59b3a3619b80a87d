/** Frontier: the adapter at several strengths, how far each is from the base and how often its answers win: a curve that methods can be compared by. */
import { z } from 'zod';
import { judgement, taskJudges } from './judge.ts';
import { count, interval, leftOut, promptForm, promptLimit, samplingFields, summary } from './settings.ts';

const MOST_STRENGTHS = 8;
const GREATEST_STRENGTH = 16;

const strength = z
  .number()
  .positive()
  .max(GREATEST_STRENGTH)
  .describe("What the adapter's change of the weights is multiplied by; 1 is the adapter itself");

export const frontierHyperparameters = z.strictObject({
  strengths: z
    .array(strength)
    .min(1)
    .max(MOST_STRENGTHS)
    .refine((given) => given.every((one, place) => place === 0 || one > (given[place - 1] ?? 0)), {
      error: 'must ascend, each strength once',
    })
    .describe('Strengths of the adapter, ascending; the base stands beside them at 0'),
  promptLimit: promptLimit.describe('The first test prompts that are answered; null for all'),
  temperature: samplingFields.temperature,
  topP: z
    .literal(1)
    .describe(
      'Always 1: of what is drawn from a cut distribution there is no distance to the base, which can say everything',
    ),
  maximumNewTokens: samplingFields.maximumNewTokens,
});

export const FRONTIER_DEFAULTS: z.infer<typeof frontierHyperparameters> = {
  strengths: [0.25, 0.5, 1, 1.5],
  promptLimit: 100,
  temperature: 1,
  topP: 1,
  maximumNewTokens: 300,
};

/** Inputs: `adapter`, and `judge-<SHA-256>` for each preference model that judges. Output: `frontier`. */
export const frontierParameters = frontierHyperparameters.extend({
  judges: taskJudges,
  promptForm: promptForm.describe('In which form the model is asked'),
  responseOpening: z.string().max(2000).describe('Text that every response continues; empty for none'),
});

const { judge, winRate, unparsable, calls, cost, lengthControlled } = judgement.shape;

const answers = {
  tokens: summary.describe('Tokens of a response, over the responses'),
  endedShare: z.number().min(0).max(1).describe('Share of the responses that the model ended itself'),
};

const frontierPoint = z.strictObject({
  strength,
  kl: z
    .number()
    .describe(
      'Nats a response from the base: the mean over responses of log p(response) less that under the base, both at the ' +
        'temperature; of few responses it can come out below 0',
    ),
  klInterval: interval.describe('Of the KL, over resampled prompts'),
  ...answers,
  distinct2: z.number().describe("Dist-2 over the base model's own on the same prompts"),
  verdicts: z
    .array(z.strictObject({ judge, winRate, interval, lengthControlled, unparsable, calls, cost }))
    .min(1)
    .describe("Against the base's answers to the same prompts, by judge"),
});

export const frontierResult = z.strictObject({
  n: count.describe('Prompts that were answered'),
  leftOut: leftOut.describe('Prompts that the stage left out, by reason; absent where it used them all'),
  base: z
    .strictObject({ ...answers, distinct2: z.number().describe('Dist-2 of its answers') })
    .describe('The base model on the same prompts'),
  points: z.array(frontierPoint).min(1).describe('One for each strength, ascending'),
});

/** A line of `frontier`: what one judge said of the answer to one prompt at one strength. */
export const frontierLine = z.object({
  strength: z.number().describe('Strength of the adapter that answered'),
  promptId: z
    .string()
    .min(1)
    .max(200)
    .describe("The prompt's id: the number of its row in the upload, from 0"),
  nats: z.number().describe('Of the answer: its log-probability less that under the base'),
  tokens: count.describe('Tokens of the answer'),
  judge: z.string().min(1).max(200).describe("The judge's name"),
  share: z.number().min(0).max(1).describe("The answer's share against the base's: 1 won, 0 lost, 0.5 tied"),
});
