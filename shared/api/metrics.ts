/** The contract of what a run shows of itself: metric curves, samples, and figures for Prometheus. */
import { z } from 'zod';
import { defineEndpoints } from './endpoint.ts';
import { identifier, instant } from './fields.ts';
import { page, pageQuery } from './page.ts';

const MAXIMUM_POINTS = 10_000;
const taskId = z.strictObject({ taskId: identifier });
const step = z.coerce.number().int().min(0).max(1_000_000_000);

/** Step and value. Said in the document by hand: what it would make of a tuple allows shorter and longer ones. */
const point = z
  .tuple([z.int(), z.number()])
  .meta({ type: 'array', items: { type: 'number' }, minItems: 2, maxItems: 2 });

export const metricEndpoints = defineEndpoints({
  listTaskMetrics: {
    method: 'get',
    path: '/v1/tasks/{taskId}/metrics',
    tag: 'metrics',
    summary: 'List the metrics of a task',
    scopes: ['admin', 'client'],
    parameters: taskId,
    status: 200,
    response: z.object({
      metrics: z.array(
        z.object({ name: z.string(), points: z.int(), minimum: z.number(), maximum: z.number() }),
      ),
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
        .meta({ examples: ['objective/kl'] }),
      maximumPoints: z.coerce
        .number()
        .int()
        .min(2)
        .max(MAXIMUM_POINTS)
        .default(1000)
        .meta({ examples: [1000] }),
      from: step.optional().meta({ examples: [0] }),
      to: step.optional().meta({ examples: [1000] }),
    }),
    status: 200,
    response: z.object({
      name: z.string(),
      /** Points there are between the steps asked for. */
      total: z.int(),
      /** Whether points were left out. */
      thinned: z.boolean(),
      /** Pairs of step and value, by rising step. */
      points: z.array(point),
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
    status: 200,
    response: page(
      z
        .object({
          step: z.int(),
          row: z.int(),
          promptId: z.string(),
          /** Written by people and by a model: show it as text, never as markup. */
          prompt: z.string(),
          response: z.string(),
          score: z.number().nullable(),
          /** Further figures, such as `kl` and `klCoefficient`, and `tokens` with their log-probabilities. */
          detail: z.record(z.string(), z.unknown()).nullable(),
          createdAt: instant,
        })
        .meta({ id: 'Sample' }),
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
