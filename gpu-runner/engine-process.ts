/** The process in which the engine works: runs one task at a time and asks the runner for everything else. */
import { Worker } from 'node:worker_threads';
import { messageOf } from '../shared/caught.ts';
import type { ClaimedTask } from '../shared/api/tasks.ts';
import type { TaskKind } from '../shared/api/tasks/kinds.ts';
import type { RunHooks } from './algorithms/run-hooks.ts';
import type { Release } from './files/model-cache.ts';
import { onDevice } from './llama/backends/open-model.ts';
import { tokenMeter } from './llama/model/token-meter.ts';
import { processPort, Rpc } from './rpc/rpc.ts';
import type { Done, EngineCalls, RunnerCalls } from './runner/engine-calls.ts';
import { deviceMemoryBytes, refuseTooLarge, taskSilence } from './tasks/memory-check.ts';
import { openTaskModel } from './tasks/open-base-model.ts';
import { withoutContents } from './tasks/told-error.ts';
import { runTask } from './tasks/run-task.ts';
import { onWork } from '../shared/working.ts';
import { runServedTask } from './tasks/served/run-served-task.ts';
import type { ArtifactBytes, ArtifactFile, TaskContext } from './tasks/task-context.ts';

if (process.send === undefined)
  throw new Error('engine-process.ts is a child of gpu-runner/main.ts: start that');
const [cacheDirectory = '', deviceName] = process.argv.slice(2);
if (deviceName !== 'cpu' && deviceName !== 'cuda')
  throw new Error(`the engine's device is ${deviceName}, not cpu or cuda`);
const device = deviceName;

// A terminal and a service manager signal the whole group: the runner decides when its engine ends.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});
// Waits for the runner's end in a thread of its own, since a run of the engine blocks this one.
new Worker(new URL('runner/end-with-runner.ts', import.meta.url)).unref();
process.channel?.ref();

let abort = new AbortController();
const runner = new Rpc<RunnerCalls, EngineCalls>(processPort(process), {
  run,
  abort: () => abort.abort(new Error('the task was stopped')),
});

onWork(() => runner.notify('working', null));

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
  if (Object.values(tokens).some((count) => count > 0)) runner.notify('report', { tokens });
}

const hooks = (signal: AbortSignal): RunHooks => ({
  signal,
  progress: (done, total, unit, message) => {
    sendTokens();
    runner.notify('report', { progress: { done, total, unit, ...(message !== undefined && { message }) } });
  },
  metrics: (step, values) => {
    const metrics = Object.entries(values).map(([name, value]) => ({ name, step, value }));
    runner.notify('report', { metrics });
  },
  samples: (step, samples) => {
    const rows = samples.map(({ detail, ...sample }, row) => ({
      ...sample,
      step,
      row,
      detail: { ...detail },
    }));
    runner.notify('report', { samples: rows });
  },
  checkpoint: async (step, bytes) => {
    sendTokens();
    await runner.call('checkpoint', { step, bytes });
  },
});

async function run(task: ClaimedTask): Promise<Done> {
  abort = new AbortController();
  const { signal } = abort;
  let release: Release = () => {};
  try {
    const get = (sha256: string) => runner.call('get', sha256);
    const common = {
      artifacts: {
        get,
        put: (artifact: ArtifactBytes) => runner.call('put', artifact),
        putFile: (artifact: ArtifactFile) => runner.call('putFile', artifact),
      },
      cacheDirectory,
      hooks: hooks(signal),
      resume: task.checkpoint === null ? null : await get(task.checkpoint.sha256),
    };
    if (task.baseModel.served !== undefined) {
      return await runServedTask(task, task.baseModel.served, common);
    }
    const imported = await openTaskModel(task.baseModel, cacheDirectory);
    release = imported.release;
    runner.notify('expectSilence', taskSilence(task, imported));
    const memoryBytes = deviceMemoryBytes(device);
    refuseTooLarge(task, imported, device, memoryBytes);
    const model = await onDevice(imported, device, cacheDirectory);
    release = model.release;
    const context = {
      task,
      model,
      device: { name: device, memoryBytes },
      ...common,
    } as TaskContext<TaskKind>;
    const { outputs, result } = await runTask(task.kind, context);
    return { outputs, result };
  } catch (error) {
    const told = withoutContents(error, task.baseModel.source);
    if (told !== error) console.error(messageOf(error));
    throw told;
  } finally {
    release();
    sendTokens();
  }
}
