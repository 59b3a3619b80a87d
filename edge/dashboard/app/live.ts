/** The live connection: one stream of all events for the tab, taken up again where it broke. */
import { createSignal, type Accessor } from 'solid-js';
import { ApiError, type Client } from '../../../shared/api/client.ts';
import { parseEvents } from './parse-events.ts';

type ConnectionState = 'connecting' | 'live' | 'offline';

/** What the dashboard reads of an event; the rest is read from the API. */
export interface LiveEvent {
  readonly kind: string;
  readonly experimentId: string | null;
  readonly taskId: string | null;
}

interface LiveOptions {
  readonly client: Client;
  /** Called with every event, in order, none missed after the first connection. */
  readonly onEvent: (event: LiveEvent) => void;
  /** Called when the stream is open for the first time, or after a pause: what is shown may be old. */
  readonly onOpen: () => void;
}

export interface Live {
  readonly state: Accessor<ConnectionState>;
  close(): void;
}

/** The edge sends a comment after 15 s without events; two of them missing mean a dead connection. */
const SILENCE_MILLISECONDS = 40_000;
const FIRST_WAIT_MILLISECONDS = 500;
const LONGEST_WAIT_MILLISECONDS = 15_000;

export function connectLive({ client, onEvent, onOpen }: LiveOptions): Live {
  const [state, setState] = createSignal<ConnectionState>('connecting');
  const closed = new AbortController();
  let lastEventId: string | undefined;

  async function follow(onAlive: () => void): Promise<void> {
    const silent = new AbortController();
    const end = () => silent.abort();
    const watch = () => setTimeout(end, SILENCE_MILLISECONDS);
    // What the browser knows at once need not be found out by silence.
    addEventListener('offline', end);
    let timer = watch();
    try {
      const response = await client.followAll(
        {},
        {
          signal: AbortSignal.any([closed.signal, silent.signal]),
          headers: lastEventId === undefined ? {} : { 'last-event-id': lastEventId },
        },
      );
      if (!response.body) return;
      setState('live');
      onOpen();
      const alive = () => {
        clearTimeout(timer);
        timer = watch();
        onAlive();
      };
      for await (const event of parseEvents(response.body, alive)) {
        lastEventId = event.id ?? lastEventId;
        const data = JSON.parse(event.data) as Partial<LiveEvent>;
        onEvent({
          kind: event.kind,
          experimentId: data.experimentId ?? null,
          taskId: data.taskId ?? null,
        });
      }
    } finally {
      clearTimeout(timer);
      removeEventListener('offline', end);
    }
  }

  async function run(): Promise<void> {
    let wait = FIRST_WAIT_MILLISECONDS;
    while (!closed.signal.aborted) {
      try {
        await follow(() => {
          wait = FIRST_WAIT_MILLISECONDS;
        });
      } catch (error) {
        if (closed.signal.aborted) return;
        // A refused key ends the session elsewhere; anything else is a connection that broke.
        if (error instanceof ApiError && error.problem.status === 401) return;
        if (!(error instanceof ApiError || error instanceof TypeError || error instanceof DOMException)) {
          throw error;
        }
      }
      setState('offline');
      // Somewhat at random, so that tabs do not return all at once.
      await pause(wait * (0.5 + Math.random()), closed.signal);
      wait = Math.min(wait * 2, LONGEST_WAIT_MILLISECONDS);
      if (!closed.signal.aborted) setState('connecting');
    }
  }

  void run();
  return { state, close: () => closed.abort() };
}

/** Ends early when the browser says that the network is back. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener('online', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    addEventListener('online', done);
    signal.addEventListener('abort', done, { once: true });
  });
}
