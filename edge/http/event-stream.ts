/** Server-sent events out of the event log: read on from a number, tell, wait a little, again. */
import type { Database } from '../store/database.ts';
import { readEvents, type EventRow } from '../store/events.ts';
import type { IsGood } from './key-watch.ts';

/** Between two looks at the log: an event is told at most this long after its commit. */
const POLL_MILLISECONDS = 250;
/** A comment after this much silence, so that nothing between takes the connection for dead. */
const SILENCE_MILLISECONDS = 15_000;
const EVENTS_A_READ = 200;

function toText({ id, kind, data, ...row }: EventRow): string {
  const document = JSON.stringify({ event: kind, ...row, ...data });
  return `id: ${id}\nevent: ${kind}\ndata: ${document}\n\n`;
}

interface Source {
  readonly experimentId?: string;
  /** Number of the last event the client has. */
  readonly after: number;
  /** Whether nothing can come any more; asked only when all there is was told. */
  readonly hasEnded: () => Promise<boolean>;
  /** Whether the follower's key may still have it. */
  readonly isGood: IsGood;
}

/** A response that never misses and never repeats an event of the log. */
export function eventStream(database: Database, { experimentId, after, hasEnded, isGood }: Source): Response {
  const encoder = new TextEncoder();
  let last = after;
  let silentSince = Date.now();
  const stopped = new AbortController();
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(encoder.encode('retry: 1000\n\n'));
    },
    async pull(controller) {
      while (!stopped.signal.aborted) {
        if (!(await isGood())) {
          controller.close();
          return;
        }
        const events = await readEvents(database, { experimentId, after: last, limit: EVENTS_A_READ });
        const newest = events.at(-1);
        if (newest) {
          last = newest.id;
          silentSince = Date.now();
          controller.enqueue(encoder.encode(events.map(toText).join('')));
          return;
        }
        if (await hasEnded()) {
          controller.close();
          return;
        }
        if (Date.now() - silentSince >= SILENCE_MILLISECONDS) {
          silentSince = Date.now();
          controller.enqueue(encoder.encode(': nothing new\n\n'));
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
      }
    },
    cancel() {
      stopped.abort();
    },
  });
  return new Response(body, {
    headers: {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    },
  });
}
