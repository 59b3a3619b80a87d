/** Adapters whose answers are compared with the base's, answer by answer: what stages of this kind are told, and tell. */
import { z } from 'zod';
import { judgement, taskJudges } from './judge.ts';
import { count, interval, leftOut, promptForm, promptLimit, samplingFields, summary } from './settings.ts';

/** @param split whose prompts are answered */
export const besideBaseSettings = (split: 'dev' | 'test') => ({
  promptLimit: promptLimit.describe(`The first ${split} prompts that are answered; null for all`),
  temperature: samplingFields.temperature,
  topP: z
    .literal(1)
    .describe(
      'Always 1: of what is drawn from a cut distribution there is no distance to the base, which can say everything',
    ),
  maximumNewTokens: samplingFields.maximumNewTokens,
});

export const BESIDE_BASE_DEFAULTS = {
  promptLimit: 100,
  temperature: 1,
  topP: 1,
  maximumNewTokens: 300,
} as const;

/** What the task knows beside its settings. */
export const besideBaseFields = {
  judges: taskJudges,
  promptForm: promptForm.describe('In which form the model is asked'),
  responseOpening: z.string().max(2000).describe('Text that every response continues; empty for none'),
};

const { judge, winRate, unparsable, calls, cost, lengthControlled } = judgement.shape;

const answers = {
  tokens: summary.describe('Tokens of a response, over the responses'),
  endedShare: z.number().min(0).max(1).describe('Share of the responses that the model ended itself'),
};

/** One adapter's figures. */
export const besideBasePoint = {
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
};

export const besideBaseResult = {
  n: count.describe('Prompts that were answered'),
  leftOut: leftOut.describe('Prompts that the stage left out, by reason; absent where it used them all'),
  base: z
    .strictObject({ ...answers, distinct2: z.number().describe('Dist-2 of its answers') })
    .describe('The base model on the same prompts'),
};

/** What one judge said of an adapter's answer to one prompt. */
export const besideBaseLine = {
  promptId: z
    .string()
    .min(1)
    .max(200)
    .describe("The prompt's id: the number of its row in the upload, from 0"),
  nats: z.number().describe('Of the answer: its log-probability less that under the base'),
  tokens: count.describe('Tokens of the answer'),
  judge: z.string().min(1).max(200).describe("The judge's name"),
  share: z.number().min(0).max(1).describe("The answer's share against the base's: 1 won, 0 lost, 0.5 tied"),
};
