/** The engine's thread as the main thread sees it: runs a task, answers its calls, can be stopped. */
import { Worker } from 'node:worker_threads';
import type { ClaimedTask } from '../../shared/api/tasks.ts';
import type { Failure } from '../tasks/run-task.ts';
import type { CallName, Calls, Done, FromEngine, Report, ToEngine } from './messages.ts';

/** What a task's run needs of the main thread. */
export type CallHandlers = {
  readonly [Name in CallName]: (asked: Calls[Name]['asked']) => Promise<Calls[Name]['answer']>;
} & { readonly report: (report: Report) => void };

export type Ending =
  | { readonly kind: 'done'; readonly done: Done }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'aborted' };

/** An engine run is cut to a few seconds; a thread that is silent for longer is ended from outside. */
const STOP_WITHIN_MS = 8000;

export class Engine {
  readonly #cacheDirectory: string;
  readonly device: 'cpu' | 'cuda';
  #worker: Worker | null = null;

  constructor(cacheDirectory: string, device: 'cpu' | 'cuda' = 'cpu') {
    this.#cacheDirectory = cacheDirectory;
    this.device = device;
  }

  /** Runs a task to its end. The signal stops it within seconds. */
  async run(task: ClaimedTask, handlers: CallHandlers, signal: AbortSignal): Promise<Ending> {
    const worker = this.#open();
    const ending = Promise.withResolvers<Ending>();
    const onMessage = (message: FromEngine): void => {
      if (message.type === 'call') void answer(worker, message.id, message.name, message.asked, handlers);
      else if (message.type === 'report') handlers.report(message.report);
      else if (message.type === 'done') ending.resolve({ kind: 'done', done: message.done });
      else if (message.type === 'failed') ending.resolve({ kind: 'failed', failure: message.failure });
      else ending.resolve({ kind: 'aborted' });
    };
    const onEnd = (why: string) => () => {
      this.#worker = null;
      const failure = { code: 'engine-ended', message: `the engine's thread ${why}`, retryable: true };
      ending.resolve(signal.aborted ? { kind: 'aborted' } : { kind: 'failed', failure });
    };
    const [onError, onExit] = [onEnd('failed'), onEnd('ended')];
    let timer: NodeJS.Timeout | undefined;
    const onAbort = (): void => {
      post(worker, { type: 'abort' });
      timer = setTimeout(() => void worker.terminate(), STOP_WITHIN_MS);
    };
    worker.on('message', onMessage).once('error', onError).once('exit', onExit);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      post(worker, { type: 'run', task });
      if (signal.aborted) onAbort();
      return await ending.promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
    }
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
    this.#worker = null;
  }

  #open(): Worker {
    this.#worker ??= new Worker(new URL('../engine-thread.ts', import.meta.url), {
      workerData: { cacheDirectory: this.#cacheDirectory, device: this.device },
    });
    return this.#worker;
  }
}

function post(worker: Worker, message: ToEngine): void {
  worker.postMessage(message, []);
}

/** Handlers by name; what a call asks is of the form that its name says. */
async function answer(
  worker: Worker,
  id: number,
  name: CallName,
  asked: unknown,
  handlers: CallHandlers,
): Promise<void> {
  try {
    const handle = handlers[name] as (asked: unknown) => Promise<unknown>;
    post(worker, { type: 'answer', id, answer: await handle(asked) });
  } catch (error) {
    post(worker, { type: 'refusal', id, message: error instanceof Error ? error.message : String(error) });
  }
}
