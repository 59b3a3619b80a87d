/** Sessions in a thread of their own: runs never block the thread that asks for them. */
import { Worker } from 'node:worker_threads';
import { messageOf } from '../../shared/caught.ts';
import { UserError } from '../../shared/user-error.ts';
import { worked } from '../../shared/working.ts';
import { type Answer, type Asked, Rpc, threadPort } from '../rpc/rpc.ts';
import { SessionError } from './errors.ts';
import type { Profile } from './profile.ts';
import { buffersOf, type HostTensors, type ModelSource, type SessionOptions } from './session.ts';

/** What the thread says of a loaded model. */
interface OpenedSession {
  readonly session: number;
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
}

interface RunRequest {
  readonly session: number;
  readonly feeds: HostTensors;
  readonly outputs: readonly string[] | HostTensors;
}

/** What the thread serves, one call after the other. */
export interface SessionCalls {
  open(asked: { readonly source: ModelSource; readonly options: SessionOptions }): Promise<OpenedSession>;
  run(asked: RunRequest): Promise<HostTensors>;
  profile(session: number): Promise<Profile>;
  close(session: number): Promise<void>;
  /** Closes every session and lets the thread end; calls that came before are answered first. */
  end(nothing: null): void;
}

/** A thread that holds several sessions and serves their calls one after the other. */
export class SessionWorker {
  readonly #rpc: Rpc<SessionCalls, object>;
  readonly #exited: Promise<void>;
  #isClosed = false;

  constructor() {
    const worker = new Worker(new URL('worker-entry.ts', import.meta.url));
    this.#rpc = new Rpc(threadPort(worker), {});
    const exited = Promise.withResolvers<void>();
    this.#exited = exited.promise;
    worker.once('error', (error) => this.#refuse(`The engine's thread failed: ${String(error)}`));
    worker.once('exit', (code) => {
      this.#refuse(`The engine's thread ended with code ${code}`);
      exited.resolve();
    });
  }

  /** Loads a model in the thread; errors as {@link TensorSession.open}. */
  async open(source: ModelSource, options: SessionOptions = {}): Promise<RemoteSession> {
    return new RemoteSession(this, await this.request('open', { source, options }));
  }

  /**
   * Refuses every unfinished call and ends the thread, after the run that is under way there: a thread that is ended while
   * the engine works in it takes the whole process with it.
   */
  async close(): Promise<void> {
    if (!this.#isClosed) this.#rpc.notify('end', null);
    this.#isClosed = true;
    this.#refuse('The session worker is closed; start a new one');
    await this.#exited;
  }

  /** One call into the thread; sessions call it. @throws SessionError */
  async request<Name extends 'open' | 'run' | 'profile' | 'close'>(
    name: Name,
    asked: Asked<SessionCalls[Name]>,
    moved: readonly ArrayBuffer[] = [],
  ): Promise<Answer<SessionCalls[Name]>> {
    try {
      const answer = await this.#rpc.call<Name>(name, asked, moved);
      worked();
      return answer;
    } catch (error) {
      if (error instanceof SessionError) throw error;
      const fault = error instanceof UserError ? SessionError.faultOf(error.code) : 'run';
      throw new SessionError(fault, messageOf(error), { cause: error });
    }
  }

  #refuse(reason: string): void {
    this.#rpc.end(new SessionError('closed', reason));
  }
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
    return await this.#worker.request('run', { session: this.#session, feeds, outputs }, moved);
  }

  /** Ends measuring and sums it up, as {@link TensorSession.profile}. */
  async profile(): Promise<Profile> {
    return await this.#worker.request('profile', this.#session);
  }

  /** Frees the model; the thread stays. */
  async close(): Promise<void> {
    await this.#worker.request('close', this.#session);
  }
}
