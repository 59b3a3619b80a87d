/** The contract of live events: server-sent events out of a log whose numbers rise, so that nothing is missed. */
import { z } from 'zod';
import { defineEndpoints } from './endpoint.ts';
import { identifier } from './fields.ts';
import { liveEventMessage } from './live-events.ts';

/** Before 3.2 OpenAPI has no word for it: what stands for the schema of a stream is the form of each of its messages. */
const stream = {
  mediaType: 'text/event-stream',
  forms: {
    'text/event-stream': z
      .union([liveEventMessage, z.string().describe('The stream as it came, unread')])
      .describe('Each of its messages; whoever reads it whole has its text'),
  },
};

/** Number of the last event that the client has; the header `Last-Event-ID` of a reconnecting client wins. */
const after = z.coerce
  .number()
  .int()
  .min(0)
  .max(Number.MAX_SAFE_INTEGER)
  .optional()
  .meta({ examples: [0] });

export const eventEndpoints = defineEndpoints({
  followExperiment: {
    method: 'get',
    path: '/v1/experiments/{experimentId}/events',
    tag: 'events',
    summary: 'Follow an experiment from its beginning; ends with it, and answers 204 when nothing will come',
    scopes: ['admin', 'client'],
    parameters: z.strictObject({ experimentId: identifier.describe('The experiment, by its id') }),
    query: z.strictObject({
      after: after.describe('Number of the last event that one has; the header `Last-Event-ID` wins over it'),
    }),
    refuses: ['not-found'],
    status: 200,
    response: stream,
    also: { 204: 'Nothing more will come' },
  },
  followAll: {
    method: 'get',
    path: '/v1/events',
    tag: 'events',
    summary: 'Follow every experiment from now on',
    scopes: ['admin', 'client'],
    query: z.strictObject({
      after: after.describe('Number of the last event that one has; the header `Last-Event-ID` wins over it'),
    }),
    status: 200,
    response: stream,
  },
});
