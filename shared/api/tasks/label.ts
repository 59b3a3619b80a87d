/** Label: the model itself says which response of each pair it prefers (RLAIF, RLCD-Rescore). */
import { z } from 'zod';
import { count, promptForm, servedUsage, summary } from './settings.ts';

const MAXIMUM_TEXT = 20_000;
const text = z.string().min(1).max(MAXIMUM_TEXT);

/** A solved example of the A/B question; the better response stands at A in every other example. */
const scoringExample = z.strictObject({
  prompt: text.describe('The prompt of the example'),
  better: text.describe('The better response'),
  worse: text.describe('The worse response'),
});

export const labelHyperparameters = z.strictObject({
  orders: z
    .enum(['both', 'one-order'])
    .describe('Both orders of A and B, averaged; `one-order` is parity with the official code'),
  examples: z
    .array(scoringExample)
    .max(32)
    .describe(
      'Put before the question, answered (few-shot RLAIF); none for the zero-shot question of the paper',
    ),
});

export const LABEL_DEFAULTS: z.infer<typeof labelHyperparameters> = { orders: 'both', examples: [] };

const readAlone = 'a story is read alone, not as one of two options; leave it out';

/** Input: `pairs`. Output: `pairs` (preference-dataset) with soft label probabilities, `chosen` the likelier one. */
export const labelParameters = labelHyperparameters
  .extend({ promptForm: promptForm.describe('In which form the model is asked') })
  .refine(({ promptForm: form, orders }) => form !== 'prefix' || orders === 'both', {
    path: ['orders'],
    error: readAlone,
  })
  .refine(({ promptForm: form, examples }) => form !== 'prefix' || examples.length === 0, {
    path: ['examples'],
    error: readAlone,
  });

export const labelResult = z.strictObject({
  pairs: count.describe('Pairs that have a label'),
  dropped: count.describe("Pairs whose question is longer than the model's context: left out"),
  question: z
    .enum(['choice', 'likelihood'])
    .describe(
      'choice: the probability of `A` against `B` after the question that shows both (dialogues); ' +
        'likelihood: how likely an affirming text is after each response alone (stories)',
    ),
  orders: z
    .enum(['both', 'one-order'])
    .nullable()
    .describe('In which orders both options were shown; null where each response was read alone'),
  examples: count.describe('Solved examples before the question'),
  /** Probability of the likelier response, over the pairs. */
  labelProbability: summary,
  firstPreferred: z
    .number()
    .min(0)
    .max(1)
    .describe(
      'Share of pairs whose label prefers the side that simulation had put first (p+, where there was ' +
        'a contrast)',
    ),
  orderDisagreement: z
    .number()
    .min(0)
    .max(1)
    .nullable()
    .describe('Share of pairs whose label flips with the order; null unless both orders were asked'),
  positionBias: z
    .number()
    .min(-0.5)
    .max(0.5)
    .nullable()
    .describe('Mean probability of the option shown as A, minus a half; null where none was shown'),
  answerMass: z
    .number()
    .min(0)
    .max(1)
    .nullable()
    .describe(
      'Mean probability that the next token is A or B at all; near 0, the model does not answer the ' +
        'question',
    ),
  served: servedUsage
    .optional()
    .describe("Of a model that is served elsewhere; absent where the runner's engine read"),
});
