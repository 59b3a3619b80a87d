/**
 * The edge is cut off before and after every statement of an experiment's whole way, and started again each time:
 * the database stays consistent, and in the end it holds what an undisturbed run leaves.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FileBlobs } from '../../../edge/hosts/file-blobs.ts';
import { migrate } from '../../../edge/hosts/migrate-node.ts';
import { readScoringKernel } from '../../../edge/hosts/node.ts';
import { NodeDatabase } from '../../../edge/hosts/node-database.ts';
import { openDatabase } from '../../../edge/store/database.ts';
import { createHarness, type Harness } from '../harness.ts';
import { createFolder } from '../node-store.ts';
import { TestRunner } from '../runner.ts';
import { EXPERIMENT, seedWorld } from '../seed.ts';
import { checkConsistency, summary } from './end-state.ts';

/** The process is gone: nothing after this statement runs, and an open transaction is rolled back. */
class Killed extends Error {}

/** Dies at a chosen statement; SQLite undoes the open transaction, as it does for a killed process. */
class MortalDatabase extends NodeDatabase {
  left = Number.POSITIVE_INFINITY;
  statements = 0;

  override compile(sql: string): ReturnType<NodeDatabase['compile']> {
    this.statements += 1;
    this.left -= 1;
    if (this.left < 0) throw new Killed();
    return super.compile(sql);
  }
}

async function openMortal(folder: string) {
  const client = new MortalDatabase(join(folder, 'rlcd.sqlite'));
  migrate(client);
  const database = openDatabase(client as unknown as D1Database);
  const harness = await createHarness(async () => ({
    database,
    blobs: new FileBlobs(join(folder, 'blobs')),
    scoringKernel: readScoringKernel(),
  }));
  return { client, harness };
}

/** A runner that outlives the edge: what had no answer is asked again, under the same claim. */
class PersistentRunner {
  readonly #runner: TestRunner;
  #claimId = randomUUID();

  constructor(harness: Harness) {
    this.#runner = new TestRunner(harness);
  }

  /** Runs until the experiment has ended; may be begun again at any point. */
  async work(harness: Harness): Promise<void> {
    await harness.clients.client.createExperiment({ body: EXPERIMENT }, { idempotencyKey: 'once' });
    for (;;) {
      const task = await this.#runner.claim(this.#claimId);
      if (!task) {
        // Completed, but the answer was lost: the next claim is a new one.
        this.#claimId = randomUUID();
        if (!(await this.#runner.claim(this.#claimId))) return;
        continue;
      }
      await this.#runner.report(task, 1, [{ name: 'loss', step: task.shard.index, value: task.seed }]);
      await this.#runner.complete(task);
      this.#claimId = randomUUID();
    }
  }
}

it('survives a kill at any statement', async () => {
  const undisturbed = await openMortal(createFolder());
  await seedWorld(undisturbed.harness);
  undisturbed.client.statements = 0;
  await new PersistentRunner(undisturbed.harness).work(undisturbed.harness);
  const expected = summary(undisturbed.client);
  const total = undisturbed.client.statements;
  expect(total).toBeGreaterThan(200);

  let kills = 0;
  const { client, harness } = await openMortal(createFolder());
  await seedWorld(harness);
  const runner = new PersistentRunner(harness);
  const silent = console.error;
  console.error = () => undefined;
  try {
    // A living run is cut off after 1, 2, 3, ... statements, each time on what the last one left.
    for (let statements = 1; ; statements += 1) {
      client.left = statements;
      let alive = true;
      try {
        await runner.work(harness);
      } catch {
        alive = false;
      }
      client.left = Number.POSITIVE_INFINITY;
      checkConsistency(client);
      if (alive) break;
      kills += 1;
    }
  } finally {
    console.error = silent;
  }
  console.log(
    `kill test: ${kills} kills at statement boundaries; an undisturbed run has ${total} statements`,
  );
  expect(kills).toBeGreaterThan(10);
  expect(summary(client)).toEqual(expected);
});
