/** Sessions in a thread of their own: runs never block the thread that asks for them. */
import { Worker } from 'node:worker_threads';
import { SessionError } from './errors.ts';
import type { Profile } from './profile.ts';
import type { HostTensors, ModelSource, SessionOptions } from './session.ts';
import { buffersOf, type Reply, type Request, type RequestBody } from './worker-protocol.ts';

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: SessionError) => void;
}

/** A thread that holds several sessions and serves their calls one after the other. */
export class SessionWorker {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;
  #ended: string | undefined;

  constructor() {
    this.#worker = new Worker(new URL('worker-entry.ts', import.meta.url));
    this.#worker.on('message', (reply: Reply) => this.#settle(reply));
    this.#worker.on('error', (error) => this.#end(`The engine's thread failed: ${String(error)}`));
    this.#worker.on('exit', (code) => this.#end(`The engine's thread ended with code ${code}`));
  }

  /** Loads a model in the thread; errors as {@link TensorSession.open}. */
  async open(source: ModelSource, options: SessionOptions = {}): Promise<RemoteSession> {
    const opened = (await this.request({ call: 'open', source, options })) as OpenedSession;
    return new RemoteSession(this, opened);
  }

  /** Ends the thread and with it every session and every unfinished call. */
  async close(): Promise<void> {
    this.#end('The session worker is closed; start a new one');
    await this.#worker.terminate();
  }

  /** One call into the thread; the protocol's own, sessions call it. */
  async request(body: RequestBody, transfer: readonly ArrayBuffer[] = []): Promise<unknown> {
    if (this.#ended !== undefined) throw new SessionError('closed', this.#ended);
    const id = this.#next++;
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
    });
    const message: Request = { id, ...body };
    this.#worker.postMessage(message, transfer);
    return answer;
  }

  #settle(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ('fault' in reply) waiting?.reject(new SessionError(reply.fault, reply.message));
    else waiting?.resolve(reply.result);
  }

  #end(reason: string): void {
    this.#ended ??= reason;
    for (const { reject } of this.#waiting.values()) reject(new SessionError('closed', this.#ended));
    this.#waiting.clear();
  }
}

/** What the thread says of a loaded model. */
export interface OpenedSession {
  readonly session: number;
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
}

/** A session in another thread, with the calls of {@link TensorSession}. */
export class RemoteSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly #worker: SessionWorker;
  readonly #session: number;

  constructor(worker: SessionWorker, { session, inputNames, outputNames }: OpenedSession) {
    this.#worker = worker;
    this.#session = session;
    this.inputNames = inputNames;
    this.outputNames = outputNames;
  }

  /**
   * One run, as {@link TensorSession.run}. Results move between the threads without a copy, and so do outputs
   * given as buffers, whose arrays are then empty here: use those of the result. Feeds are copied unless `move`.
   */
  async run(
    feeds: HostTensors,
    outputs: readonly string[] | HostTensors = this.outputNames,
    { move = false }: { readonly move?: boolean } = {},
  ): Promise<HostTensors> {
    const moved = [
      ...(move ? buffersOf(feeds) : []),
      ...(Array.isArray(outputs) ? [] : buffersOf(outputs as HostTensors)),
    ];
    const body = { call: 'run', session: this.#session, feeds, outputs } as const;
    return (await this.#worker.request(body, moved)) as HostTensors;
  }

  /** Ends measuring and sums it up, as {@link TensorSession.profile}. */
  async profile(): Promise<Profile> {
    return (await this.#worker.request({ call: 'profile', session: this.#session })) as Profile;
  }

  /** Frees the model; the thread stays. */
  async close(): Promise<void> {
    await this.#worker.request({ call: 'close', session: this.#session });
  }
}
