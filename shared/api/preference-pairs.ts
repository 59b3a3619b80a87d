/** The contract of preference pairs: browse, filter, export. */
import { z } from 'zod';
import { TRAINER_FORMS } from '../export/trainer-pairs.ts';
import { defineEndpoints } from './endpoint.ts';
import { identifier } from './fields.ts';
import { page, pageQuery } from './page.ts';
import { sampleTokens } from './sample-tokens.ts';

const probability = z.coerce
  .number()
  .min(0)
  .max(1)
  .optional()
  .meta({ examples: ['0.5'] });

const characters = z.coerce
  .number()
  .int()
  .min(-1_000_000)
  .max(1_000_000)
  .optional()
  .meta({ examples: ['0'] });

const filters = {
  stage: z
    .enum(['simulate', 'label'])
    .optional()
    .describe(
      'Pairs as they were sampled, or as they were labelled; labelled ones first where the method ' +
        'labels',
    ),
  minimumProbability: probability.describe(
    'Bounds of the probability that `chosen` is the better one, both included',
  ),
  maximumProbability: probability.describe(
    'Upper bound of the probability that `chosen` is the better one, included',
  ),
  minimumLengthGap: characters.describe(
    'Bounds of the characters that `chosen` has more than `rejected`, both included',
  ),
  maximumLengthGap: characters.describe('Upper bound of the characters that `chosen` has more, included'),
  affixPair: z.coerce
    .number()
    .int()
    .min(0)
    .max(63)
    .optional()
    .meta({ examples: ['0'] })
    .describe("Index of the principle's affix pair that made the two sides"),
  promptId: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .meta({ examples: ['0'] })
    .describe('Only pairs of this prompt'),
};

/**
 * The tokens of the two sides: `logProbabilities` under the prompt with the side's affix, `referenceLogProbabilities`
 * under the plain prompt, both by the base model.
 */
const pairTokens = z
  .object({
    chosen: sampleTokens.nullable().describe('The response that is taken for the better one'),
    rejected: sampleTokens.nullable().describe('The response that is taken for the worse one'),
  })
  .meta({ id: 'PairTokens', description: 'The tokens of the two sides of a pair' });
export type PairTokens = z.infer<typeof pairTokens>;

const preferencePair = z
  .object({
    taskId: identifier.describe('The task that made it'),
    position: z.int().describe("The place in the task's output"),
    promptId: z.string().describe('Only pairs of this prompt'),
    prompt: z.string().describe('The prompt'),
    chosen: z.string().describe('The response that is taken for the better one'),
    rejected: z.string().describe('The response that is taken for the worse one'),
    labelProbability: z.number().describe('Probability that `chosen` is the better one'),
    affixPair: z
      .int()
      .nullable()
      .describe("Index of the principle's affix pair that made the two sides; null where none was used"),
    tokens: pairTokens.nullable().describe('Of the first pairs of a shard; null for the others'),
  })
  .meta({
    id: 'PreferencePair',
    description: 'Two responses to a prompt, and which is taken for the better one',
  });

const experimentId = z.strictObject({ experimentId: identifier.describe('The experiment, by its id') });

export const preferencePairEndpoints = defineEndpoints({
  listPreferencePairs: {
    method: 'get',
    path: '/v1/experiments/{experimentId}/preference-pairs',
    tag: 'preference pairs',
    summary: 'List the preference pairs of an experiment, by shard and place',
    scopes: ['admin', 'client'],
    parameters: experimentId,
    query: pageQuery(filters),
    refuses: ['not-found'],
    status: 200,
    response: page(preferencePair),
  },
  exportPreferencePairs: {
    method: 'get',
    path: '/v1/experiments/{experimentId}/preference-pairs.jsonl',
    tag: 'preference pairs',
    summary:
      'Export pairs as JSON lines of prompt, chosen, rejected, label_probability, or as another trainer reads them; ' +
      'same pairs, same bytes',
    scopes: ['admin', 'client'],
    parameters: experimentId,
    query: z.strictObject({
      ...filters,
      form: z
        .enum(TRAINER_FORMS)
        .optional()
        .describe(
          'TRL, OpenRLHF or LLaMA-Factory; dialogues are messages there, and only the likelier side is told',
        ),
    }),
    refuses: ['not-found'],
    status: 200,
    response: { mediaType: 'application/jsonl' },
  },
});
