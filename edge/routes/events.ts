/** Live events. */
import type { eventEndpoints } from '../../shared/api/events.ts';
import type { Dependencies } from '../http/dependencies.ts';
import { eventStream } from '../http/event-stream.ts';
import { watchKey } from '../http/key-watch.ts';
import type { Handlers } from '../http/handler.ts';
import type { Sessions } from '../http/sessions.ts';
import { invalidRequest, notFound } from '../domain/errors.ts';
import { readEvents, readLastEventId } from '../store/events.ts';
import type { KnownKeys } from '../store/known-keys.ts';
import { findExperimentStatus } from '../store/experiments.ts';

/** @throws DomainError `invalid-request` for a header that is not a number of this log */
function lastEventId(request: Request, after: number | undefined): number | undefined {
  const header = request.headers.get('last-event-id');
  if (header === null || header === '') return after;
  if (/^\d{1,15}$/.test(header)) return Number(header);
  throw invalidRequest([
    { in: 'header', pointer: 'last-event-id', detail: 'must be the id of an event of this stream' },
  ]);
}

export function eventHandlers(
  { database }: Dependencies,
  keys: KnownKeys,
  sessions: Sessions,
): Handlers<typeof eventEndpoints> {
  return {
    async followExperiment({ parameters, query }, { request, principal }) {
      const { experimentId } = parameters;
      const hasEnded = async () => {
        const status = await findExperimentStatus(database, experimentId);
        return status !== 'queued' && status !== 'running';
      };
      if ((await findExperimentStatus(database, experimentId)) === undefined) {
        throw notFound(`experiment ${experimentId}`);
      }
      const after = lastEventId(request, query.after) ?? 0;
      const rest = await readEvents(database, { experimentId, after, limit: 1 });
      // 204 tells a browser's EventSource to stop reconnecting.
      if (rest.length === 0 && (await hasEnded())) return new Response(null, { status: 204 });
      return eventStream(database, {
        experimentId,
        after,
        hasEnded,
        isGood: await watchKey(keys, sessions, principal),
      });
    },

    async followAll({ query }, { request, principal }) {
      const after = lastEventId(request, query.after) ?? (await readLastEventId(database));
      const isGood = await watchKey(keys, sessions, principal);
      return eventStream(database, { after, hasEnded: async () => false, isGood });
    },
  };
}
