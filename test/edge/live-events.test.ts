/** Every kind of live event, as a follower gets it, has the form that the contract tells, and no field beside. */
import { expect, it } from 'vitest';
import { z } from 'zod';
import { artifactBlob } from '../../edge/store/artifacts.ts';
import { LIVE_EVENTS, liveEventMessage } from '../../shared/api/live-events.ts';
import { createHarness, type Harness } from './harness.ts';
import { createFolder, openNodeStore } from './node-store.ts';
import { TestRunner } from './runner.ts';
import { EXPERIMENT, putArtifact, seedWorld } from './seed.ts';

const liveEvent = z.discriminatedUnion('event', LIVE_EVENTS);

/** The messages of a stream that has ended. */
function messagesIn(stream: string) {
  const blocks = stream.split('\n\n').filter((block) => block.includes('data: '));
  return blocks.map((block) => {
    const fields = block.split('\n').map((line) => {
      const [name = ''] = line.split(': ', 1);
      return [name, line.slice(name.length + 2)];
    });
    return liveEventMessage.parse(Object.fromEntries(fields));
  });
}

async function succeed(harness: Harness): Promise<string> {
  const { id } = await harness.clients.client.createExperiment({ body: EXPERIMENT });
  const runner = new TestRunner(harness);
  const task = await runner.claim();
  if (!task) throw new Error('no task waits');
  await runner.report(task, 1, [{ name: 'loss', step: 3, value: 0.5 }]);
  await runner.complete(task);
  await runner.drain();
  return id;
}

/** A checkpoint is kept, then lost with its lease; the next attempt fails for good. */
async function fail(harness: Harness): Promise<string> {
  const { id } = await harness.clients.client.createExperiment({ body: { ...EXPERIMENT, seed: 8 } });
  const task = await new TestRunner(harness).claim();
  if (!task) throw new Error('no task waits');
  const sha256 = await putArtifact(harness, 'a checkpoint', 'checkpoint', task.id);
  const body = { epoch: task.epoch, sha256, step: 4 };
  await harness.clients.runner.checkpointTask({ parameters: { taskId: task.id }, body });
  await harness.blobs.delete(artifactBlob({ sha256, writing: '' }));
  harness.advance(10 * 60_000);
  // What waits beside it comes first.
  for (;;) {
    const runner = new TestRunner(harness);
    const again = await runner.claim();
    if (!again) throw new Error('the task did not come again');
    if (again.id !== task.id) continue;
    await runner.fail(again, 'bad-model', false);
    return id;
  }
}

async function cancel({ clients: { client } }: Harness): Promise<string> {
  const { id } = await client.createExperiment({ body: { ...EXPERIMENT, seed: 9 } });
  await client.cancelExperiment({ parameters: { experimentId: id } });
  return id;
}

it('tells every kind in its form', async () => {
  const harness = await createHarness(async () => openNodeStore(createFolder()));
  await seedWorld(harness);
  const seen = new Set<string>();
  for (const live of [succeed, fail, cancel]) {
    const experimentId = await live(harness);
    const response = await harness.fetch(`/v1/experiments/${experimentId}/events`, {
      key: harness.secrets.client,
    });
    for (const { event, data } of messagesIn(await response.text())) {
      const told: unknown = JSON.parse(data);
      const read = liveEvent.parse(told);
      expect(read).toEqual(told);
      expect([read.event, read.experimentId]).toEqual([event, experimentId]);
      seen.add(event);
    }
  }
  expect(seen).toEqual(new Set(liveEventMessage.shape.event.options));
});
