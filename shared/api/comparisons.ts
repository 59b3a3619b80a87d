/** The contract of comparisons: what judges and people said, and blind labelling. */
import { z } from 'zod';
import { defineEndpoints } from './endpoint.ts';
import { identifier, instant, text } from './fields.ts';
import { page, pageQuery } from './page.ts';
import { COMPARISON_OUTCOMES, COMPARISON_SOURCES } from './words.ts';

const comparison = z
  .object({
    id: z.string().describe('Id of the comparison'),
    candidateId: z.string().describe('The pair of responses that was compared'),
    promptId: z.string().describe("The prompt's id: the number of its row in the upload, from 0"),
    prompt: z.string().describe('The prompt'),
    firstResponse: z.string().describe('By the aligned model'),
    secondResponse: z.string().describe('By the base model'),
    source: z.enum(COMPARISON_SOURCES).describe('Whether a judge (`machine`) or a person (`human`) compared'),
    judge: z.string().describe("The judge's name, or the id of the person's key"),
    swapped: z.boolean().describe('Whether the judge saw the second response first'),
    outcome: z.enum(COMPARISON_OUTCOMES).describe('Which response won; `skipped` counts nowhere'),
    firstScore: z
      .number()
      .nullable()
      .describe('Score of the first response; null where the judge compares and does not score'),
    secondScore: z
      .number()
      .nullable()
      .describe('Score of the second response; null where the judge compares and does not score'),
    createdAt: instant.describe('When it was made: milliseconds since the epoch, UTC'),
  })
  .meta({ id: 'Comparison', description: 'What a judge or a person said of two responses to one prompt' });

/** Nothing here tells which system wrote which side. */
const blindPair = z
  .object({
    candidateId: z.string().describe('The id with which the pair is labelled'),
    prompt: z.string().describe('The prompt'),
    a: z.string().describe('One side, as text'),
    b: z.string().describe('The other side, as text'),
  })
  .meta({ id: 'BlindPair', description: 'Two responses; nothing here tells which system wrote which' });

const experimentId = z.strictObject({ experimentId: identifier.describe('The experiment, by its id') });
const label = z.enum(['a', 'b', 'tie', 'skip']);

export const comparisonEndpoints = defineEndpoints({
  listComparisons: {
    method: 'get',
    path: '/v1/experiments/{experimentId}/comparisons',
    tag: 'comparisons',
    summary: 'List the comparisons of an experiment with both responses',
    scopes: ['admin', 'client'],
    parameters: experimentId,
    query: pageQuery({
      source: z
        .enum(COMPARISON_SOURCES)
        .optional()
        .describe('Only those of judges (`machine`) or of people (`human`)'),
      outcome: z.enum(COMPARISON_OUTCOMES).optional().describe('Only those with this outcome'),
      judge: text(200)
        .optional()
        .meta({ examples: ['sentiment'] })
        .describe('Only those of this judge'),
    }),
    refuses: ['not-found'],
    status: 200,
    response: page(comparison),
  },
  getNextBlindPair: {
    method: 'get',
    path: '/v1/experiments/{experimentId}/comparisons/next',
    tag: 'comparisons',
    summary: 'Get the next pair that this key has not labelled, its sides shuffled',
    scopes: ['admin', 'client'],
    parameters: experimentId,
    refuses: ['not-found'],
    status: 200,
    /** `pair` is null when all are labelled or skipped, or none is there yet. */
    response: z.object({
      pair: blindPair
        .nullable()
        .describe('The pair; null when all are labelled or skipped, or none is there yet'),
      labelled: z.int().describe('How many this key has labelled; those that it skipped are none'),
      skipped: z.int().describe('How many it skipped'),
      remaining: z.int().describe('How many it has neither labelled nor skipped'),
    }),
  },
  labelBlindPair: {
    method: 'post',
    path: '/v1/comparisons',
    tag: 'comparisons',
    summary: 'Say which side of a blind pair is better; `skip` says nothing and is not asked again',
    scopes: ['admin', 'client'],
    body: z.strictObject({
      candidateId: text(300).describe('The pair, by the id with which it was told'),
      label: label.describe('The better side; `skip` says nothing'),
    }),
    refuses: ['not-found'],
    status: 201,
    response: z.object({
      id: z.string().describe('Id of the comparison'),
      candidateId: z.string().describe('The pair, by the id with which it was told'),
      label: label.describe('The side that was named'),
      createdAt: instant.describe('When it was made: milliseconds since the epoch, UTC'),
    }),
    creates: true,
  },
  undoComparison: {
    method: 'delete',
    path: '/v1/comparisons/{comparisonId}',
    tag: 'comparisons',
    summary: "Take back a label of one's own; the pair is asked again",
    scopes: ['admin', 'client'],
    parameters: z.strictObject({
      comparisonId: text(600)
        .meta({ examples: ['019ab0e7-6c00-7000-8000-000000000000'] })
        .describe('The comparison, by its id'),
    }),
    refuses: ['not-found'],
    status: 204,
  },
});
