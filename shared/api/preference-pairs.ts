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
  /** Pairs as they were sampled, or as they were labelled; labelled ones first where the method labels. */
  stage: z.enum(['simulate', 'label']).optional(),
  /** Bounds of the probability that `chosen` is the better one, both included. */
  minimumProbability: probability,
  maximumProbability: probability,
  /** Bounds of the characters that `chosen` has more than `rejected`, both included. */
  minimumLengthGap: characters,
  maximumLengthGap: characters,
  /** Index of the principle's affix pair that made the two sides. */
  affixPair: z.coerce
    .number()
    .int()
    .min(0)
    .max(63)
    .optional()
    .meta({ examples: ['0'] }),
  promptId: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .meta({ examples: ['0'] }),
};

/**
 * The tokens of the two sides: `logProbabilities` under the prompt with the side's affix, `referenceLogProbabilities`
 * under the plain prompt, both by the base model.
 */
const pairTokens = z
  .object({ chosen: sampleTokens.nullable(), rejected: sampleTokens.nullable() })
  .meta({ id: 'PairTokens' });
export type PairTokens = z.infer<typeof pairTokens>;

const preferencePair = z
  .object({
    taskId: identifier,
    /** The place in the task's output. */
    position: z.int(),
    promptId: z.string(),
    prompt: z.string(),
    chosen: z.string(),
    rejected: z.string(),
    labelProbability: z.number(),
    affixPair: z.int().nullable(),
    /** Of the first pairs of a shard; null for the others. */
    tokens: pairTokens.nullable(),
  })
  .meta({ id: 'PreferencePair' });

const experimentId = z.strictObject({ experimentId: identifier });

export const preferencePairEndpoints = defineEndpoints({
  listPreferencePairs: {
    method: 'get',
    path: '/v1/experiments/{experimentId}/preference-pairs',
    tag: 'preference pairs',
    summary: 'List the preference pairs of an experiment, by shard and place',
    scopes: ['admin', 'client'],
    parameters: experimentId,
    query: pageQuery(filters),
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
      /** TRL, OpenRLHF or LLaMA-Factory; dialogues are messages there, and only the likelier side is told. */
      form: z.enum(TRAINER_FORMS).optional(),
    }),
    status: 200,
    response: { mediaType: 'application/jsonl' },
  },
});
