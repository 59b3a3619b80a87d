/** The sampling process as the server sees it: a few jobs by turns, the others in the order in which they came. */
import { once } from 'node:events';
import { UserError } from '../../shared/user-error.ts';
import { type EngineProcess, startEngineProcess } from '../runner/start-engine-process.ts';
import type {
  Delta,
  ReadingJob,
  SamplingCalls,
  SamplingJob,
  ServedModel,
  ServerCalls,
  SpokenToken,
  Usage,
} from './sampling-calls.ts';

/** Jobs that take turns in the engine; each holds its keys and values. */
const MOST_RUNNING = 4;
/** Jobs that wait beside them. */
const MOST_WAITING = 32;
/** A run of the engine is shorter; a process that is silent for longer is killed. */
const STOP_WITHIN_MS = 30_000;

/** More clients ask than are answered. */
class QueueFullError extends UserError {
  override readonly name = 'QueueFullError';
  override readonly code = 'queue-full';
  override readonly retryable = true;
}

type Running = EngineProcess<SamplingCalls, ServerCalls>;

/** One process, started with the first job and kept; a new one where it has ended. */
export class Sampling {
  readonly #cacheDirectory: string;
  readonly #device: 'cpu' | 'cuda';
  #running: Running | null = null;
  readonly #listeners = new Map<string, (deltas: readonly Delta[]) => void>();
  #active = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(cacheDirectory: string, device: 'cpu' | 'cuda') {
    this.#cacheDirectory = cacheDirectory;
    this.#device = device;
  }

  /** Loads a model. @throws UserError where it cannot be opened */
  async open(model: ServedModel): Promise<{ readonly hasTemplate: boolean }> {
    return await this.#process().rpc.call('open', model);
  }

  /**
   * Samples a job to its end.
   *
   * @param tell called with what the answers have more
   * @param signal takes the job out of the queue, or ends it within a run of the engine
   * @throws QueueFullError; UserError as the engine does; the signal's reason
   */
  async sample(
    job: SamplingJob,
    tell: (deltas: readonly Delta[]) => void,
    signal: AbortSignal,
  ): Promise<Usage> {
    await this.#begin(signal);
    const { child, rpc } = this.#process();
    let timer: NodeJS.Timeout | undefined;
    const onAbort = (): void => {
      rpc.notify('stop', job.id);
      timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
    };
    this.#listeners.set(job.id, tell);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await rpc.call('sample', job);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      this.#listeners.delete(job.id);
      this.#end();
    }
  }

  /**
   * Reads an answer: one run of the engine.
   *
   * @param signal takes the job out of the queue
   * @throws QueueFullError; UserError as the engine does; the signal's reason
   */
  async read(job: ReadingJob, signal: AbortSignal): Promise<readonly SpokenToken[]> {
    await this.#begin(signal);
    try {
      return await this.#process().rpc.call('read', job);
    } finally {
      this.#end();
    }
  }

  /** Kills the process, whatever it does. */
  async close(): Promise<void> {
    const child = this.#running?.child;
    if (child === undefined) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }

  #end(): void {
    this.#active -= 1;
    this.#waiting.shift()?.();
  }

  async #begin(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#active >= MOST_RUNNING) {
      if (this.#waiting.length >= MOST_WAITING) {
        throw new QueueFullError(`${MOST_WAITING} requests wait already`, {
          cure: 'Ask again in a few seconds',
        });
      }
      const free = Promise.withResolvers<undefined>();
      const go = (): void => free.resolve(undefined);
      const leave = (): void => {
        const place = this.#waiting.indexOf(go);
        if (place !== -1) this.#waiting.splice(place, 1);
        free.reject(signal.reason);
      };
      this.#waiting.push(go);
      signal.addEventListener('abort', leave, { once: true });
      try {
        await free.promise;
      } finally {
        signal.removeEventListener('abort', leave);
      }
    }
    this.#active += 1;
  }

  #process(): Running {
    this.#running ??= startEngineProcess<SamplingCalls, ServerCalls>(
      new URL('../serve-process.ts', import.meta.url),
      [this.#cacheDirectory, this.#device],
      { deltas: ({ id, deltas }) => this.#listeners.get(id)?.(deltas) },
      () => {
        this.#running = null;
      },
    );
    return this.#running;
  }
}
