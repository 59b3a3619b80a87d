/**
 * The race that the fence is for: between the holder's read and its batch the lease is lost, and perhaps taken anew.
 * The stale batch must have no effect at all, and its sender must be told.
 */
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { migrate } from '../../../edge/hosts/migrate-node.ts';
import { readScoringKernel } from '../../../edge/hosts/node.ts';
import { NodeDatabase } from '../../../edge/hosts/node-database.ts';
import { FileBlobs } from '../../../edge/hosts/file-blobs.ts';
import { openDatabase } from '../../../edge/store/database.ts';
import { requeue } from '../../../edge/store/leases/requeue.ts';
import type { ClaimedTask } from '../../../shared/api/tasks.ts';
import { createHarness, type Harness } from '../harness.ts';
import { createFolder } from '../node-store.ts';
import { TestRunner } from '../runner.ts';
import { EXPERIMENT, putArtifact, seedWorld } from '../seed.ts';

const LEASE = 60_000;
const LOST = { problem: { status: 409, type: 'urn:rlcd:problem:lease-lost' } };

/** Lets others in between the statements that a request reads with and the batch that it writes with. */
class InterruptedDatabase extends NodeDatabase {
  /** Statements that were run since the last batch. */
  read: string[] = [];
  #interrupt: ((read: readonly string[]) => Promise<void>) | undefined;
  #follow: (() => Promise<void>) | undefined;

  /** Lets others in between a request's batch and what it reads afterwards. */
  afterEveryBatch(follow: () => Promise<void>): void {
    this.#follow = follow;
  }

  /** Runs once, before the next batch. */
  interruptNextBatch(interrupt: (read: readonly string[]) => Promise<void>): void {
    this.#interrupt = interrupt;
    this.read = [];
  }

  override compile(sql: string): ReturnType<NodeDatabase['compile']> {
    this.read.push(sql);
    return super.compile(sql);
  }

  override async batch(...given: Parameters<NodeDatabase['batch']>): ReturnType<NodeDatabase['batch']> {
    const interrupt = this.#interrupt;
    this.#interrupt = undefined;
    await interrupt?.([...this.read]);
    const results = await super.batch(...given);
    await this.#follow?.();
    return results;
  }

  /** Every row of every table. */
  dump(): Record<string, unknown[]> {
    const tables = this.prepare(
      `SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name`,
    ).execute();
    return Object.fromEntries(
      (tables.results as { name: string }[]).map(({ name }) => [
        name,
        this.prepare(`SELECT * FROM "${name}"`).execute().results,
      ]),
    );
  }
}

interface Situation {
  readonly client: InterruptedDatabase;
  readonly harness: Harness;
  readonly runner: TestRunner;
  readonly task: ClaimedTask;
}

const folder = createFolder();

async function begin(): Promise<Situation> {
  const client = new InterruptedDatabase(':memory:');
  migrate(client);
  const database = openDatabase(client as unknown as D1Database);
  const harness = await createHarness(async () => ({
    database,
    blobs: new FileBlobs(folder),
    scoringKernel: readScoringKernel(),
  }));
  await seedWorld(harness);
  await harness.clients.client.createExperiment({ body: { ...EXPERIMENT, shards: 1 } });
  const runner = new TestRunner(harness);
  const task = await runner.claim(randomUUID(), ['simulate']);
  if (!task) throw new Error('there is no task to claim');
  return { client, harness, runner, task };
}

async function expire({ harness }: Situation): Promise<void> {
  harness.advance(LEASE);
  expect(await requeue(harness.database, 'expired', harness.dependencies.clock())).toHaveLength(1);
}

/** How the lease is lost. The epoch stays in the first way; runner and key stay in the last. */
const LOSSES: Readonly<Record<string, (situation: Situation) => Promise<number | undefined>>> = {
  async 'it ran out and the task is queued'(situation) {
    await expire(situation);
    return undefined;
  },
  async 'it ran out and another runner has claimed the task'(situation) {
    await expire(situation);
    return (await new TestRunner(situation.harness).claim(randomUUID(), ['simulate']))?.epoch;
  },
  async 'the runner has started again and has claimed the task anew'({ runner }) {
    return (await runner.claim(randomUUID(), ['simulate']))?.epoch;
  },
};
const EPOCHS: readonly (number | undefined)[] = [undefined, 2, 2];

/** Every write that a holder can send. */
const WRITES: Readonly<Record<string, (situation: Situation) => Promise<unknown>>> = {
  report: async ({ runner, task }) => await runner.report(task, 1, [{ name: 'loss', step: 1, value: 2 }]),
  checkpoint: async ({ harness, task }) =>
    await harness.clients.runner.checkpointTask({
      parameters: { taskId: task.id },
      body: {
        epoch: task.epoch,
        sha256: await putArtifact(harness, 'state', 'checkpoint', task.id),
        step: 1,
      },
    }),
  complete: async ({ runner, task }) => await runner.complete(task),
  fail: async ({ runner, task }) => await runner.fail(task, 'out-of-memory', true),
};

describe.each(Object.keys(WRITES))('a %s whose lease is lost between its read and its batch', (write) => {
  it.each(Object.keys(LOSSES).map((loss, index) => [loss, EPOCHS[index]] as const))(
    'has no effect: %s',
    async (loss, epoch) => {
      const situation = await begin();
      const { client, runner, task } = situation;
      const seen: { read: readonly string[]; epoch: number | undefined; store: unknown }[] = [];
      client.interruptNextBatch(async (read) => {
        const taken = await LOSSES[loss]?.(situation);
        seen.push({ read, epoch: taken, store: client.dump() });
      });
      await expect(WRITES[write]?.(situation)).rejects.toMatchObject(LOST);
      // The holder had read its lease and had found it good.
      expect(seen[0]?.read.some((sql) => /^select .*"report_sequence"/.test(sql))).toBe(true);
      expect(seen).toMatchObject([{ epoch }]);
      expect(client.dump()).toEqual(seen[0]?.store);
      // The same write again is as late as it was.
      await expect(runner.report(task, 1)).rejects.toMatchObject({ problem: { status: 409 } });
    },
  );
});

/** Removes every experiment, and with it the tasks that have ended. */
async function deleteAll({ harness }: Situation): Promise<void> {
  const { client } = harness.clients;
  for (const { id: experimentId } of (await client.listExperiments()).items) {
    await client.cancelExperiment({ parameters: { experimentId } });
    await client.deleteExperiment({ parameters: { experimentId } });
  }
}

it('tells every late write for a task that has ended and was deleted that its lease is lost', async () => {
  const situation = await begin();
  const { harness, runner, task } = situation;
  const [parameters, sha256] = [{ taskId: task.id }, '0'.repeat(64)];
  await runner.complete(task);
  await deleteAll(situation);
  const body = { epoch: task.epoch, sha256, step: 1 };
  const late = [
    async () => await runner.report(task, 1),
    async () => await runner.fail(task, 'out-of-memory', true),
    async () => await harness.clients.runner.checkpointTask({ parameters, body }),
    async () =>
      await harness.clients.runner.completeTask({
        parameters,
        body: { epoch: task.epoch, outputs: [], result: {} },
      }),
  ];
  for (const write of late) await expect(write()).rejects.toMatchObject(LOST);
});

it.each(['complete', 'fail'])('a %s after whose batch the task is deleted is told so', async (write) => {
  const situation = await begin();
  const { client, task } = situation;
  let deleted = 0;
  client.afterEveryBatch(async () => {
    const { results } = client.prepare('SELECT status FROM tasks WHERE id = ?').bind(task.id).execute();
    if (deleted > 0 || (results as { status: string }[])[0]?.status === 'leased') return;
    deleted += 1;
    await deleteAll(situation);
  });
  await expect(WRITES[write]?.(situation)).rejects.toMatchObject(LOST);
  expect(deleted).toBe(1);
});
