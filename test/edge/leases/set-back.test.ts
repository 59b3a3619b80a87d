/** A clock that is set back while the edge is away: no lease grows, no task is held twice, nothing waits for the past. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { sweep } from '../../../edge/orchestration/sweep.ts';
import { followSetBack } from '../../../edge/store/leases/set-back.ts';
import { LEASE_MILLISECONDS } from '../../../edge/domain/lease.ts';
import { edgeUrl, startEdge } from '../../../scripts/processes/edge-process.ts';
import { freePort } from '../../../scripts/processes/free-port.ts';
import { logTail } from '../../../scripts/processes/child.ts';
import { createClient } from '../../../shared/api/client.ts';
import type { ClaimedTask } from '../../../shared/api/tasks.ts';
import { createHarness } from '../harness.ts';
import { createFolder, openNodeStore } from '../node-store.ts';
import { prepare } from '../remote-world.ts';
import { TestRunner } from '../runner.ts';
import { EXPERIMENT, seedWorld } from '../seed.ts';

const folder = createFolder();
const HOUR = 60 * 60 * 1000;
const FIVE_MINUTES = 5 * 60_000;

function required(task: ClaimedTask | null): ClaimedTask {
  if (!task) throw new Error('no task to claim');
  return task;
}

/** Three tasks wait; one is claimed, and ten seconds later the clock is an hour behind. */
async function setBack() {
  const harness = await createHarness(async () => openNodeStore(folder));
  await seedWorld(harness);
  await harness.clients.client.createExperiment({ body: EXPERIMENT });
  const [first, second] = [new TestRunner(harness), new TestRunner(harness)];
  const task = required(await first.claim());
  harness.advance(10_000 - HOUR);
  const { clock, database } = harness.dependencies;
  return { harness, clock, database, first, second, task };
}

it('ends a lease when it would have ended, and gives its task to one runner then', async () => {
  const { harness, clock, database, first, second, task } = await setBack();
  expect(await followSetBack(database, clock())).toBe(HOUR - 10_000);
  // Once: the second edge finds nothing ahead of it.
  expect(await followSetBack(database, clock())).toBe(0);
  // What waits can be claimed at once, and the task under lease is nobody else's.
  const other = required(await second.claim());
  expect(other.id).not.toBe(task.id);
  const others = [other.id];
  for (let next = await new TestRunner(harness).claim(); next; next = await new TestRunner(harness).claim()) {
    others.push(next.id);
  }
  expect(others).not.toContain(task.id);
  harness.advance(LEASE_MILLISECONDS - 1);
  await sweep({ database }, clock());
  const { client } = harness.clients;
  const read = async () => await client.getTask({ parameters: { taskId: task.id } });
  expect(await read()).toMatchObject({ status: 'leased', runnerSeconds: LEASE_MILLISECONDS / 1000 - 0.001 });
  harness.advance(1);
  await sweep({ database }, clock());
  expect((await read()).status).toBe('queued');
  const again = required(await new TestRunner(harness).claim());
  expect([again.id, again.epoch]).toEqual([task.id, task.epoch + 1]);
  await expect(first.report(task, 1)).rejects.toMatchObject({ problem: { status: 409 } });
});

it('keeps the lease of a runner that goes on, and takes silent ones for gone', async () => {
  const { harness, clock, database, first, task } = await setBack();
  await followSetBack(database, clock());
  harness.advance(30_000);
  const { leaseUntil } = await first.report(task, 1);
  expect(leaseUntil).toBe(clock() + LEASE_MILLISECONDS);
  const { client } = harness.clients;
  expect((await client.listRunners({ query: { status: 'live' } })).items).toHaveLength(1);
  harness.advance(45_000);
  expect((await client.listRunners({ query: { status: 'live' } })).items).toEqual([]);
});

it('changes nothing where the clock went on, or the store is new', async () => {
  const { harness, clock, database, task } = await setBack();
  harness.advance(HOUR);
  expect(await followSetBack(database, clock())).toBe(0);
  const read = await harness.clients.client.getTask({ parameters: { taskId: task.id } });
  expect(read.leaseUntil).toBe(clock() - 10_000 + LEASE_MILLISECONDS);
  expect(await followSetBack(openNodeStore(createFolder()).database, 0)).toBe(0);
});

it('is done by an edge at its start, which tells how far the clock is behind', async () => {
  const adminKey = 'the-key-of-the-clock-test-0123456789abcdef';
  const port = await freePort();
  const options = { host: 'node', port, dataFolder: folder, adminKey } as const;
  const admin = createClient({ baseUrl: edgeUrl(port), key: adminKey });
  let edge = await startEdge(options);
  try {
    const runner = createClient({ baseUrl: edgeUrl(port), key: await prepare(admin) });
    await admin.createExperiment({ body: EXPERIMENT });
    const held = required(await new TestRunner({ client: runner }).claim());
    edge.kill('SIGKILL');
    await edge.exited;
    const behind = new URL('../../end-to-end/clock-behind.ts', import.meta.url).href;
    edge = await startEdge({ ...options, preload: [behind] });
    expect(logTail(join(folder, 'edge.log'))).toMatch(/clock of this machine is \d{6} ms behind/);
    const next = required(await new TestRunner({ client: runner }).claim());
    expect(next.id).not.toBe(held.id);
    const { leaseUntil } = await admin.getTask({ parameters: { taskId: held.id } });
    // At the most a lease from now, by the edge's clock.
    expect(leaseUntil).toBeLessThanOrEqual(Date.now() - FIVE_MINUTES + LEASE_MILLISECONDS);
  } finally {
    await edge.stop();
  }
});
