/** The thread in which the engine works: runs one task at a time and asks the main thread for everything else. */
import { parentPort, workerData } from 'node:worker_threads';
import type { ClaimedTask } from '../shared/api/tasks.ts';
import type { RunHooks } from './algorithms/run-hooks.ts';
import type { CallName, Calls, Done, FromEngine, ToEngine } from './runner/messages.ts';
import { tokenMeter } from './llama/model/token-meter.ts';
import { onDevice } from './llama/backends/open-model.ts';
import { deviceMemoryBytes, refuseTooLarge } from './tasks/memory-check.ts';
import { openTaskModel } from './tasks/open-base-model.ts';
import { describeFailure, runTask } from './tasks/run-task.ts';
import type { TaskContext } from './tasks/task-context.ts';
import type { TaskKind } from '../shared/api/tasks/kinds.ts';

const port = parentPort;
if (port === null) throw new Error('engine-thread.ts runs as a worker thread only: start gpu-runner/main.ts');
const { cacheDirectory, device } = workerData as {
  readonly cacheDirectory: string;
  readonly device: 'cpu' | 'cuda';
};

const waiting = new Map<number, { resolve: (answer: unknown) => void; reject: (error: Error) => void }>();
let calls = 0;
let abort = new AbortController();

function send(message: FromEngine): void {
  port?.postMessage(message);
}

type Tokens = typeof tokenMeter;
let counted: Tokens = { ...tokenMeter };

/** Tells what was worked through since it was last told, if anything was. */
function sendTokens(): void {
  const tokens: Tokens = {
    prompt: tokenMeter.prompt - counted.prompt,
    sampled: tokenMeter.sampled - counted.sampled,
    scored: tokenMeter.scored - counted.scored,
    trained: tokenMeter.trained - counted.trained,
  };
  counted = { ...tokenMeter };
  if (Object.values(tokens).some((count) => count > 0)) send({ type: 'report', report: { tokens } });
}

async function call<Name extends CallName>(
  name: Name,
  asked: Calls[Name]['asked'],
): Promise<Calls[Name]['answer']> {
  const id = calls++;
  const answer = new Promise<unknown>((resolve, reject) => waiting.set(id, { resolve, reject }));
  send({ type: 'call', id, name, asked });
  return (await answer) as Calls[Name]['answer'];
}

const hooks = (signal: AbortSignal): RunHooks => ({
  signal,
  progress: (done, total, unit) => {
    sendTokens();
    send({ type: 'report', report: { progress: { done, total, unit } } });
  },
  metrics: (step, values) => {
    const metrics = Object.entries(values).map(([name, value]) => ({ name, step, value }));
    send({ type: 'report', report: { metrics } });
  },
  samples: (step, samples) => {
    const rows = samples.map(({ detail, ...sample }, row) => ({
      ...sample,
      step,
      row,
      detail: { ...detail },
    }));
    send({ type: 'report', report: { samples: rows } });
  },
  checkpoint: async (step, bytes) => {
    sendTokens();
    await call('checkpoint', { step, bytes });
  },
});

async function run(task: ClaimedTask): Promise<void> {
  abort = new AbortController();
  const { signal } = abort;
  try {
    const imported = await openTaskModel(task.baseModel, cacheDirectory);
    refuseTooLarge(task, imported, device, deviceMemoryBytes(device));
    const model = await onDevice(imported, device, cacheDirectory);
    const get = (sha256: string) => call('get', { sha256 });
    const context = {
      task,
      model,
      artifacts: { get, put: (artifact) => call('put', artifact) },
      hooks: hooks(signal),
      resume: task.checkpoint === null ? null : await get(task.checkpoint.sha256),
    } as TaskContext<TaskKind>;
    const { outputs, result } = await runTask(task.kind, context);
    sendTokens();
    send({ type: 'done', done: { outputs, result } satisfies Done });
  } catch (error) {
    sendTokens();
    send(signal.aborted ? { type: 'aborted' } : { type: 'failed', failure: describeFailure(error) });
  }
}

port.on('message', (message: ToEngine) => {
  if (message.type === 'run') void run(message.task);
  else if (message.type === 'abort') abort.abort(new Error('the task was stopped'));
  else {
    const asked = waiting.get(message.id);
    waiting.delete(message.id);
    if (message.type === 'answer') asked?.resolve(message.answer);
    else asked?.reject(new Error(message.message));
  }
});
