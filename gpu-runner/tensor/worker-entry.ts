/** The thread behind a session worker: holds the sessions and answers one call at a time. */
import { parentPort } from 'node:worker_threads';
import { SessionError } from './errors.ts';
import { TensorSession } from './session.ts';
import { buffersOf, type Reply, type Request } from './worker-protocol.ts';

const port = parentPort;
if (port === null) throw new SessionError('run', 'worker-entry.ts runs as a worker thread only');

const sessions = new Map<number, TensorSession>();
let opened = 0;

function sessionOf(id: number): TensorSession {
  const session = sessions.get(id);
  if (session === undefined) throw new SessionError('closed', 'This session is closed; open a new one');
  return session;
}

async function answer(request: Request): Promise<{ result: unknown; moved: ArrayBuffer[] }> {
  if (request.call === 'open') {
    const session = await TensorSession.open(request.source, request.options);
    const id = opened++;
    sessions.set(id, session);
    const { inputNames, outputNames } = session;
    return { result: { session: id, inputNames, outputNames }, moved: [] };
  }
  const session = sessionOf(request.session);
  if (request.call === 'run') {
    const result = await session.run(request.feeds, request.outputs);
    return { result, moved: buffersOf(result) };
  }
  if (request.call === 'profile') return { result: session.profile(), moved: [] };
  sessions.delete(request.session);
  await session.close();
  return { result: undefined, moved: [] };
}

async function serve(request: Request): Promise<void> {
  const { id } = request;
  let reply: Reply;
  let moved: ArrayBuffer[] = [];
  try {
    const answered = await answer(request);
    moved = answered.moved;
    reply = { id, result: answered.result };
  } catch (error) {
    const fault = error instanceof SessionError ? error.fault : 'run';
    reply = { id, fault, message: error instanceof Error ? error.message : String(error) };
  }
  port?.postMessage(reply, moved);
}

/** One call at a time: the next waits for the one before. */
let queue = Promise.resolve();
port.on('message', (request: Request) => {
  queue = queue.then(async () => serve(request));
});
