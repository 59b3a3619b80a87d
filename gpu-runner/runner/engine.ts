/** The engine's process as the runner sees it: runs a task, answers its calls, can be stopped or killed at any time. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { ClaimedTask } from '../../shared/api/tasks.ts';
import { UserError } from '../../shared/user-error.ts';
import { processPort, Rpc } from '../rpc/rpc.ts';
import type { Done, EngineCalls, RunnerCalls } from './engine-calls.ts';

/** An engine run is cut to a few seconds; a process that is silent for longer is killed. */
const STOP_WITHIN_MS = 8000;

/** The engine's process ended while it worked: the same task may succeed in a new one. */
export class EngineEndedError extends UserError {
  override readonly name = 'EngineEndedError';
  override readonly code = 'engine-ended';
  override readonly retryable = true;
}

interface Running {
  readonly child: ChildProcess;
  readonly rpc: Rpc<EngineCalls, RunnerCalls>;
}

/** One process, started with the first task and kept for the next ones; a new one where it has ended. */
export class Engine {
  readonly #cacheDirectory: string;
  readonly device: 'cpu' | 'cuda';
  #running: Running | null = null;
  /** What the task under way needs of the runner. */
  #task: RunnerCalls | null = null;

  constructor(cacheDirectory: string, device: 'cpu' | 'cuda' = 'cpu') {
    this.#cacheDirectory = cacheDirectory;
    this.device = device;
  }

  /**
   * Runs a task to its end. The signal stops it within seconds.
   *
   * @throws UserError with the engine's code and cure, EngineEndedError where its process ended, or what else ended the
   *   task; anything where the signal is aborted
   */
  async run(task: ClaimedTask, serve: RunnerCalls, signal: AbortSignal): Promise<Done> {
    const { child, rpc } = (this.#running ??= this.#start());
    this.#task = serve;
    let timer: NodeJS.Timeout | undefined;
    const onAbort = (): void => {
      rpc.notify('abort', null);
      timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const done = rpc.call('run', task);
      if (signal.aborted) onAbort();
      return await done;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      this.#task = null;
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

  #start(): Running {
    const child = fork(
      new URL('../engine-process.ts', import.meta.url),
      [this.#cacheDirectory, this.device],
      {
        serialization: 'advanced',
        // What the engine prints joins the runner's log; its standard output is nobody's.
        stdio: ['ignore', 2, 2, 'ipc', 'pipe'],
      },
    );
    const serve = (): RunnerCalls => {
      if (this.#task === null) throw new Error('the engine asks for a task that has ended');
      return this.#task;
    };
    const rpc = new Rpc<EngineCalls, RunnerCalls>(processPort(child), {
      get: async (sha256) => await serve().get(sha256),
      put: async (artifact) => await serve().put(artifact),
      checkpoint: async (checkpoint) => await serve().checkpoint(checkpoint),
      report: (report) => this.#task?.report(report),
    });
    child.once('error', (cause) => {
      this.#end(
        new EngineEndedError(`the engine's process could not be started: ${cause.message}`, { cause }),
      );
    });
    child.once('exit', (code, signal) => {
      const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
      const error = `the engine's process ended ${how}`;
      const cure =
        "Where the system's log tells of too little memory, give the runner more or take smaller batches";
      this.#end(new EngineEndedError(error, signal === 'SIGKILL' ? { cure } : {}));
    });
    return { child, rpc };
  }

  #end(reason: EngineEndedError): void {
    this.#running?.rpc.end(reason);
    this.#running = null;
  }
}
