/** The contract of what a run shows of itself: metric curves, samples, and figures for Prometheus. */
import { z } from 'zod';
import { defineEndpoints } from './endpoint.ts';
import { identifier, instant } from './fields.ts';
import { page, pageQuery } from './page.ts';

const MAXIMUM_POINTS = 10_000;
/** Step and value. Said in the document by hand: what it would make of a tuple allows shorter and longer ones. */
const point = z
  .tuple([z.int(), z.number()])
  .meta({ type: 'array', items: { type: 'number' }, minItems: 2, maxItems: 2 });
const taskId = z.strictObject({ taskId: identifier.describe('The task, by its id') });
const step = z.coerce.number().int().min(0).max(1_000_000_000);

export const metricEndpoints = defineEndpoints({
  listTaskMetrics: {
    method: 'get',
    path: '/v1/tasks/{taskId}/metrics',
    tag: 'metrics',
    summary: 'List the metrics of a task',
    scopes: ['admin', 'client'],
    parameters: taskId,
    refuses: ['not-found'],
    status: 200,
    response: z.object({
      metrics: z
        .array(
          z.object({
            name: z.string().describe('Name of the metric'),
            points: z.int().describe('How many values there are'),
            minimum: z.number().describe('The least value'),
            maximum: z.number().describe('The greatest value'),
          }),
        )
        .describe('The metrics'),
    }),
  },
  getCurve: {
    method: 'get',
    path: '/v1/tasks/{taskId}/curve',
    tag: 'metrics',
    summary: 'Get a metric by step, thinned out so that every least and greatest point stays',
    scopes: ['admin', 'client'],
    parameters: taskId,
    query: z.strictObject({
      name: z
        .string()
        .min(1)
        .max(200)
        .meta({ examples: ['objective/kl'] })
        .describe('Name of the metric'),
      maximumPoints: z.coerce
        .number()
        .int()
        .min(2)
        .max(MAXIMUM_POINTS)
        .default(1000)
        .meta({ examples: [1000] })
        .describe('Most points that are answered'),
      from: step
        .optional()
        .meta({ examples: [0] })
        .describe('From this step on'),
      to: step
        .optional()
        .meta({ examples: [1000] })
        .describe('Up to this step, included'),
    }),
    refuses: ['not-found'],
    status: 200,
    response: z.object({
      name: z.string().describe('Name of the metric'),
      total: z.int().describe('Points there are between the steps asked for'),
      thinned: z.boolean().describe('Whether points were left out'),
      points: z.array(point).describe('Pairs of step and value, by rising step'),
    }),
  },
  listSamples: {
    method: 'get',
    path: '/v1/tasks/{taskId}/samples',
    tag: 'metrics',
    summary: 'List the samples of a task, the latest step first',
    scopes: ['admin', 'client'],
    parameters: taskId,
    query: pageQuery({}),
    refuses: ['not-found'],
    status: 200,
    response: page(
      z
        .object({
          step: z.int().describe('The step at which it was taken'),
          row: z.int().describe('Its place among the samples of the step'),
          promptId: z.string().describe('The prompt, by its id'),
          prompt: z.string().describe('Written by people and by a model: show it as text, never as markup'),
          response: z.string().describe('What the policy wrote: show it as text, never as markup'),
          score: z.number().nullable().describe('The score; null where none was given'),
          detail: z
            .record(z.string(), z.unknown())
            .nullable()
            .describe(
              'Further figures, such as `kl` and `klCoefficient`, and `tokens` with their log-probabilities',
            ),
          createdAt: instant.describe('When it was made: milliseconds since the epoch, UTC'),
        })
        .meta({ id: 'Sample', description: 'A response that a task showed while it ran' }),
    ),
  },
  getPrometheusMetrics: {
    method: 'get',
    path: '/v1/metrics',
    tag: 'metrics',
    summary: "The edge's own figures, in Prometheus' text form",
    scopes: ['admin', 'client'],
    status: 200,
    response: { mediaType: 'text/plain' },
  },
});
