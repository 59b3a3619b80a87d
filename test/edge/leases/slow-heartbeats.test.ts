/**
 * Slow heartbeats of healthy runners: each comes just before the end of its lease, late, doubled or behind a checkpoint, while
 * the edge looks for leases that ran out. None is taken away. `HEARTBEATS=10000` sends that many, `HEARTBEATS_SEED=n` others.
 */
import { expect, it } from 'vitest';
import { LEASE_MILLISECONDS } from '../../../edge/domain/lease.ts';
import { sweep } from '../../../edge/orchestration/sweep.ts';
import { tasks } from '../../../edge/store/schema/index.ts';
import type { ClaimedTask } from '../../../shared/api/tasks.ts';
import { integerBelow, uniform } from '../../../shared/random.ts';
import { createHarness } from '../harness.ts';
import { createFolder, openNodeStore } from '../node-store.ts';
import { TestRunner } from '../runner.ts';
import { EXPERIMENT, seedWorld } from '../seed.ts';

const HEARTBEATS = Number(process.env['HEARTBEATS'] ?? 300);
const SEED = Number(process.env['HEARTBEATS_SEED'] ?? 1);
const SHARDS = 4;
/** So little is left of a lease at the least, in milliseconds. */
const LEAST_LEFT = 1;

interface Held {
  readonly runner: TestRunner;
  readonly task: ClaimedTask;
  sequence: number;
  leaseUntil: number;
}

it(`keeps every lease over ${HEARTBEATS} heartbeats, each as late as it may be`, async () => {
  const harness = await createHarness(async () => openNodeStore(createFolder()));
  await seedWorld(harness);
  await harness.clients.client.createExperiment({ body: { ...EXPERIMENT, shards: SHARDS } });
  const { database, clock } = harness.dependencies;
  const held: Held[] = [];
  for (let runner = new TestRunner(harness), task = await runner.claim(); task;) {
    held.push({ runner, task, sequence: 0, leaseUntil: task.leaseUntil });
    runner = new TestRunner(harness);
    task = await runner.claim();
  }
  expect(held.length).toBeGreaterThan(1);
  const lateness: number[] = [];
  for (let beat = 0; beat < HEARTBEATS; beat++) {
    const [first] = held.toSorted((a, b) => a.leaseUntil - b.leaseUntil);
    if (!first) throw new Error('nobody holds a task');
    // Most of them in the last second; whoever has the least time left comes first.
    const left = first.leaseUntil - clock();
    const early = uniform(SEED, beat, 0) < 0.8 ? 1000 : LEASE_MILLISECONDS;
    const before = Math.min(left, LEAST_LEFT + integerBelow(early, SEED, beat, 1));
    harness.advance(left - before);
    lateness.push(LEASE_MILLISECONDS - before);
    await sweep({ database }, clock());
    first.sequence += 1;
    const send = async () => await first.runner.report(first.task, first.sequence);
    const isDoubled = uniform(SEED, beat, 2) < 0.2;
    const answers = await Promise.all(isDoubled ? [send(), send()] : [send()]);
    expect(
      answers.filter(({ applied }) => applied),
      `heartbeat ${beat} of seed ${SEED}`,
    ).toHaveLength(1);
    first.leaseUntil = clock() + LEASE_MILLISECONDS;
    await sweep({ database }, clock());
  }
  const rows = await database.select().from(tasks);
  const ended = rows.filter(({ expirations, failures }) => expirations + failures > 0);
  expect(ended).toEqual([]);
  expect(
    held.every(({ task, sequence }) =>
      rows.some((row) => row.id === task.id && row.reportSequence === sequence),
    ),
  ).toBe(true);
  const late = lateness.filter((milliseconds) => milliseconds >= LEASE_MILLISECONDS - 1000).length;
  console.log(
    `slow heartbeats, seed ${SEED}: ${HEARTBEATS}, ${late} of them in the last second of their lease`,
  );
});
