/** The thread behind a session worker: holds the sessions and answers one call at a time. */
import { parentPort } from 'node:worker_threads';
import { Moved, Rpc, threadPort } from '../rpc/rpc.ts';
import { SessionError } from './errors.ts';
import { buffersOf, TensorSession } from './session.ts';
import type { SessionCalls } from './session-worker.ts';

const port = parentPort;
if (port === null) throw new SessionError('run', 'worker-entry.ts runs as a worker thread only');

const sessions = new Map<number, TensorSession>();
let opened = 0;

function sessionOf(id: number): TensorSession {
  const session = sessions.get(id);
  if (session === undefined) throw new SessionError('closed', 'This session is closed; open a new one');
  return session;
}

/** One call at a time: the next waits for the one before. */
let queue: Promise<unknown> = Promise.resolve();
async function inTurn<Result>(work: () => Promise<Result> | Result): Promise<Result> {
  const turn = queue.then(work);
  queue = turn.catch(() => {});
  return await turn;
}

void new Rpc<object, SessionCalls>(threadPort(port), {
  open: ({ source, options }) =>
    inTurn(async () => {
      const session = await TensorSession.open(source, options);
      const id = opened++;
      sessions.set(id, session);
      const { inputNames, outputNames } = session;
      return { session: id, inputNames, outputNames };
    }),
  run: ({ session, feeds, outputs }) =>
    inTurn(async () => {
      const results = await sessionOf(session).run(feeds, outputs);
      return new Moved(results, buffersOf(results));
    }),
  profile: (session) => inTurn(() => sessionOf(session).profile()),
  close: (id) =>
    inTurn(async () => {
      const session = sessionOf(id);
      sessions.delete(id);
      await session.close();
    }),
  end: () =>
    inTurn(async () => {
      for (const session of sessions.values()) await session.close();
      // Nothing else holds the thread: it ends by itself, with no run of the engine under way.
      port.close();
    }),
});
