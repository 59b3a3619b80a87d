/** The contract of comparisons: what judges and people said, and blind labelling. */
import { z } from 'zod';
import { defineEndpoints } from './endpoint.ts';
import { identifier, instant, text } from './fields.ts';
import { page, pageQuery } from './page.ts';
import { COMPARISON_OUTCOMES, COMPARISON_SOURCES } from './words.ts';

const comparison = z
  .object({
    id: z.string(),
    candidateId: z.string(),
    promptId: z.string(),
    prompt: z.string(),
    /** By the aligned model. */
    firstResponse: z.string(),
    /** By the base model. */
    secondResponse: z.string(),
    source: z.enum(COMPARISON_SOURCES),
    /** The judge's name, or the id of the person's key. */
    judge: z.string(),
    /** Whether the judge saw the second response first. */
    swapped: z.boolean(),
    outcome: z.enum(COMPARISON_OUTCOMES),
    firstScore: z.number().nullable(),
    secondScore: z.number().nullable(),
    createdAt: instant,
  })
  .meta({ id: 'Comparison' });

/** Nothing here tells which system wrote which side. */
const blindPair = z
  .object({ candidateId: z.string(), prompt: z.string(), a: z.string(), b: z.string() })
  .meta({ id: 'BlindPair' });

const experimentId = z.strictObject({ experimentId: identifier });
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
      source: z.enum(COMPARISON_SOURCES).optional(),
      outcome: z.enum(COMPARISON_OUTCOMES).optional(),
      judge: text(200)
        .optional()
        .meta({ examples: ['sentiment'] }),
    }),
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
    status: 200,
    /** `pair` is null when all are labelled, or none is there yet. */
    response: z.object({ pair: blindPair.nullable(), labelled: z.int(), remaining: z.int() }),
  },
  labelBlindPair: {
    method: 'post',
    path: '/v1/comparisons',
    tag: 'comparisons',
    summary: 'Say which side of a blind pair is better; `skip` says nothing and is not asked again',
    scopes: ['admin', 'client'],
    body: z.strictObject({ candidateId: text(300), label }),
    status: 201,
    response: z.object({ id: z.string(), candidateId: z.string(), label, createdAt: instant }),
    creates: true,
  },
  undoComparison: {
    method: 'delete',
    path: '/v1/comparisons/{comparisonId}',
    tag: 'comparisons',
    summary: "Take back a label of one's own; the pair is asked again",
    scopes: ['admin', 'client'],
    parameters: z.strictObject({ comparisonId: text(600) }),
    status: 204,
  },
});
