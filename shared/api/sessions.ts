/** The contract of sessions: a browser stays signed in by a cookie of its own, and the key lies nowhere in it. */
import { z } from 'zod';
import { defineEndpoints } from './endpoint.ts';
import { instant } from './fields.ts';

/** What every request by a session carries: no page of another origin can send it without being asked about first. */
export const SESSION_HEADER = 'x-rlcd-session';

export const sessionEndpoints = defineEndpoints({
  createSession: {
    method: 'post',
    path: '/v1/session',
    tag: 'keys',
    summary:
      "Let this browser stay signed in: for 12 hours a cookie takes the key's place in requests of the edge's own pages",
    scopes: ['admin', 'client'],
    status: 201,
    response: z
      .object({
        expiresAt: instant.describe('When it ends by itself: milliseconds since the epoch, UTC'),
      })
      .meta({ id: 'Session', description: 'A browser that stays signed in' }),
  },
  deleteSession: {
    method: 'delete',
    path: '/v1/session',
    tag: 'keys',
    summary:
      'End the session that the request is made by, at once, also for whoever has a copy of the cookie',
    scopes: ['admin', 'client'],
    refuses: ['not-found'],
    status: 204,
  },
});
