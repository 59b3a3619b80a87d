/** An edge that was stopped, away or whose clock jumped: no healthy task is taken from its runner, and no lease lasts for ever. */
import { expect, it } from 'vitest';
import { LEASE_MILLISECONDS } from '../../../edge/domain/lease.ts';
import { Hearing } from '../../../edge/hosts/hearing.ts';
import { followAbsence } from '../../../edge/store/leases/absence.ts';
import { sweep } from '../../../edge/orchestration/sweep.ts';
import { edgeUrl, startEdge } from '../../../scripts/processes/edge-process.ts';
import { freePort } from '../../../scripts/processes/free-port.ts';
import { createClient } from '../../../shared/api/client.ts';
import type { ClaimedTask } from '../../../shared/api/tasks.ts';
import { createHarness } from '../harness.ts';
import { createFolder, openNodeStore } from '../node-store.ts';
import { prepare } from '../remote-world.ts';
import { TestRunner } from '../runner.ts';
import { EXPERIMENT, seedWorld } from '../seed.ts';

const TWO_MINUTES = 2 * LEASE_MILLISECONDS;

function required(task: ClaimedTask | null): ClaimedTask {
  if (!task) throw new Error('no task to claim');
  return task;
}

async function leased() {
  const harness = await createHarness(async () => openNodeStore(createFolder()));
  await seedWorld(harness);
  await harness.clients.client.createExperiment({ body: EXPERIMENT });
  const runner = new TestRunner(harness);
  const task = required(await runner.claim());
  const { database, clock } = harness.dependencies;
  const lines: string[] = [];
  const hearing = new Hearing(clock, (line) => lines.push(line));
  const status = async () => {
    await sweep({ database, hearing }, clock());
    return (await harness.clients.client.getTask({ parameters: { taskId: task.id } })).status;
  };
  /** Time in which the edge is there: it marks every second. */
  const pass = (milliseconds: number) => {
    for (let passed = 0; passed < milliseconds; passed += 1000) {
      harness.advance(Math.min(1000, milliseconds - passed));
      hearing.mark();
    }
  };
  return { harness, runner, task, lines, hearing, status, pass };
}

it('leaves a task to its runner after two minutes without an edge, and takes it when a whole lease was silent', async () => {
  const { harness, runner, task, lines, status, pass } = await leased();
  pass(20_000);
  harness.advance(TWO_MINUTES);
  expect(await status()).toBe('leased');
  expect(lines).toEqual([expect.stringMatching(/heard nobody for 120000 ms/)]);
  await runner.report(task, 1);
  pass(LEASE_MILLISECONDS - 1);
  expect(await status()).toBe('leased');
  pass(1);
  expect(await status()).toBe('queued');
  expect(lines).toHaveLength(1);
});

it('leaves its tasks to a runner that was not heard yet when the edge died behind a jump of its clock', async () => {
  const { harness, runner, task, hearing } = await leased();
  const { dependencies } = harness;
  Object.assign(dependencies, { hearing });
  const other = new TestRunner(harness);
  const its = required(await other.claim());
  harness.advance(TWO_MINUTES);
  // One of them writes at the new time; then the edge is killed, and starts again a second later.
  await runner.report(task, 1);
  harness.advance(1000);
  const { database, clock } = dependencies;
  await followAbsence(database, clock());
  await sweep({ database, hearing: new Hearing(clock, () => {}) }, clock());
  const parameters = { taskId: its.id };
  expect((await harness.clients.client.getTask({ parameters })).status).toBe('leased');
});

it('gives what was missed to the leases once, and keeps it where that fails', async () => {
  const { harness, hearing, status } = await leased();
  harness.advance(TWO_MINUTES);
  const full = new Error('database or disk is full');
  await expect(
    hearing.passOn(async () => {
      throw full;
    }),
  ).rejects.toBe(full);
  expect(await status()).toBe('leased');
  let asked = 0;
  await hearing.passOn(async () => void (asked += 1));
  expect(asked).toBe(0);
});

it('gives no lease more than a whole one: who claimed behind the gap keeps what he got', async () => {
  const { harness, status } = await leased();
  harness.advance(TWO_MINUTES);
  const { id, leaseUntil } = required(await new TestRunner(harness).claim());
  await status();
  expect((await harness.clients.client.getTask({ parameters: { taskId: id } })).leaseUntil).toBe(leaseUntil);
});

it('holds for the process: a clock that jumps ahead, and an edge that was away for minutes', async () => {
  const adminKey = 'the-key-of-the-hearing-test-0123456789abcdef';
  const port = await freePort();
  const machine = (clockAhead: number) => {
    const preload = new URL('../../../scripts/tools/chaos/unsound-machine.ts', import.meta.url);
    preload.searchParams.set('state', JSON.stringify({ clockAhead }));
    return preload.href;
  };
  const options = { host: 'node', port, dataFolder: createFolder(), adminKey } as const;
  const admin = createClient({ baseUrl: edgeUrl(port), key: adminKey });
  let edge = await startEdge({ ...options, preload: [machine(0)] });
  try {
    const client = createClient({ baseUrl: edgeUrl(port), key: await prepare(admin) });
    await admin.createExperiment({ body: EXPERIMENT });
    const [silent, other] = [new TestRunner({ client }), new TestRunner({ client })];
    const [held, busy] = [required(await silent.claim()), required(await other.claim())];
    const claimAll = async () => {
      while ((await new TestRunner({ client }).claim()) !== null);
    };
    let sequence = 0;
    const edgeTime = async () => (await other.report(busy, (sequence += 1))).leaseUntil;
    // A claim that finds nothing ends the leases that ran out.
    const start = await edgeTime();
    edge.send({ clockAhead: TWO_MINUTES });
    while ((await edgeTime()) < start + TWO_MINUTES);
    await claimAll();
    expect(await silent.report(held, 1)).toMatchObject({ applied: true });

    edge.kill('SIGKILL');
    await edge.exited;
    edge = await startEdge({ ...options, preload: [machine(3 * TWO_MINUTES)] });
    await claimAll();
    expect(await silent.report(held, 2)).toMatchObject({ applied: true });
  } finally {
    await edge.stop();
  }
});
