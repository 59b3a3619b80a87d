/** The process that samples for the server: several requests by turns, a run of the engine each. */
import { Worker } from 'node:worker_threads';
import { onDevice } from './llama/backends/open-model.ts';
import { processPort, Rpc } from './rpc/rpc.ts';
import { readAnswer } from './serve/read-answer.ts';
import { sampleJob } from './serve/sample.ts';
import type { SamplingCalls, ServerCalls } from './serve/sampling-calls.ts';
import { ServedModels } from './serve/served-models.ts';

if (process.send === undefined) throw new Error('serve-process.ts is a child of the server: start that');
const [cacheDirectory = '', deviceName] = process.argv.slice(2);
if (deviceName !== 'cpu' && deviceName !== 'cuda')
  throw new Error(`the engine's device is ${deviceName}, not cpu or cuda`);
const device = deviceName;

// A terminal and a service manager signal the whole group: the server decides when its engine ends.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});
// Waits for the server's end in a thread of its own, since a run of the engine blocks this one.
new Worker(new URL('runner/end-with-runner.ts', import.meta.url)).unref();
process.channel?.ref();

const models = new ServedModels({
  cacheDirectory,
  device,
  ready: async (imported) => await onDevice(imported, device, cacheDirectory),
});
const running = new Map<string, AbortController>();

const server = new Rpc<ServerCalls, SamplingCalls>(processPort(process), {
  open: async (model) =>
    await models.with(model, async ({ template }) => ({ hasTemplate: template !== null })),
  sample: async (job) => {
    const stop = new AbortController();
    running.set(job.id, stop);
    try {
      return await models.with(job.model, async (open) => {
        stop.signal.throwIfAborted();
        return await sampleJob(
          open,
          job,
          (deltas) => server.notify('deltas', { id: job.id, deltas }),
          stop.signal,
        );
      });
    } finally {
      running.delete(job.id);
    }
  },
  read: async (job) => await models.with(job.model, async (open) => await readAnswer(open, job)),
  stop: (id) => running.get(id)?.abort(new Error('the client has gone')),
});
