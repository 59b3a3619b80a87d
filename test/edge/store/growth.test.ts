/** The store does not grow with what was made and deleted: after 200 experiments it holds what it held after 20. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { GRACE_MILLISECONDS } from '../../../edge/store/collect.ts';
import { sweepStore } from '../../../edge/store/sweep.ts';
import { createHarness } from '../harness.ts';
import { createFolder, openNodeStore } from '../node-store.ts';
import { TestRunner } from '../runner.ts';
import { EXPERIMENT, seedWorld } from '../seed.ts';

const EXPERIMENTS = 200;
const WARM_UP = 20;

it('is flat over 200 experiments made and deleted', { timeout: 300_000 }, async () => {
  const folder = createFolder();
  const store = openNodeStore(folder);
  const harness = await createHarness(async () => store);
  await seedWorld(harness);
  const { client } = harness.clients;
  const runner = new TestRunner(harness);

  /** Rows of each table, and files; without the audit log, which outlives what it tells of by a year. */
  function sizes(): Record<string, number> {
    const tables = store.client
      .prepare(
        `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'audit_records'`,
      )
      .execute().results as { name: string }[];
    const rows = tables.map(({ name }) => {
      const [counted] = store.client.prepare(`SELECT count(*) AS n FROM "${name}"`).execute().results;
      return [name, (counted as { n: number }).n] as const;
    });
    return { ...Object.fromEntries(rows), files: readdirSync(join(folder, 'blobs', 'artifacts')).length };
  }

  /** More than a week: what is kept so that a repeated request has its answer goes as well. */
  async function sweepAll(): Promise<void> {
    for (let round = 0; round < 30; round++) {
      harness.advance(GRACE_MILLISECONDS * 6);
      await sweepStore(harness, harness.dependencies.clock());
    }
  }

  let before: Record<string, number> = {};
  for (let made = 1; made <= EXPERIMENTS; made++) {
    const { id } = await client.createExperiment({ body: { ...EXPERIMENT, shards: 1, seed: made } });
    const task = await runner.claim();
    if (task) await runner.complete(task);
    await client.cancelExperiment({ parameters: { experimentId: id } });
    await client.deleteExperiment({ parameters: { experimentId: id } });
    await sweepStore(harness, harness.dependencies.clock());
    if (made !== WARM_UP) continue;
    await sweepAll();
    before = sizes();
  }
  expect(sizes()['artifacts']).toBeGreaterThan(EXPERIMENTS - WARM_UP);
  await sweepAll();
  expect(sizes()).toEqual(before);
});
