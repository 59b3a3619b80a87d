/** The engine's process as the runner sees it: runs a task, answers its calls, can be stopped or killed at any time. */
import { once } from 'node:events';
import type { ClaimedTask } from '../../shared/api/tasks.ts';
import type { Done, EngineCalls, RunnerCalls } from './engine-calls.ts';
import { type EngineProcess, startEngineProcess } from './start-engine-process.ts';

/** An engine run is cut to a few seconds; a process that is silent for longer is killed. */
const STOP_WITHIN_MS = 8000;

type Running = EngineProcess<EngineCalls, RunnerCalls>;

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
    const serve = (): RunnerCalls => {
      if (this.#task === null) throw new Error('the engine asks for a task that has ended');
      return this.#task;
    };
    return startEngineProcess<EngineCalls, RunnerCalls>(
      new URL('../engine-process.ts', import.meta.url),
      [this.#cacheDirectory, this.device],
      {
        get: async (sha256) => await serve().get(sha256),
        put: async (artifact) => await serve().put(artifact),
        putFile: async (artifact) => await serve().putFile(artifact),
        checkpoint: async (checkpoint) => await serve().checkpoint(checkpoint),
        report: (report) => this.#task?.report(report),
        working: () => this.#task?.working(null),
        expectSilence: (seconds) => this.#task?.expectSilence(seconds),
      },
      () => {
        this.#running = null;
      },
    );
  }
}
