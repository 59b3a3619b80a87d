/**
 * The store does not grow with what was made and deleted: after 200 experiments it holds what it held after 20. Each has gone
 * the whole way, and leaves what a real one does: checkpoints that came in parts, metrics, samples, pairs, comparisons, events.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { GRACE_MILLISECONDS } from '../../../edge/store/collect.ts';
import { sweepStore } from '../../../edge/store/sweep.ts';
import type { ClaimedTask } from '../../../shared/api/tasks.ts';
import { createHarness, type Harness } from '../harness.ts';
import { createFolder, openNodeStore } from '../node-store.ts';
import { TestRunner } from '../runner.ts';
import { EXPERIMENT, seedWorld, sha256Of } from '../seed.ts';

const EXPERIMENTS = 200;
const WARM_UP = 20;
/** One more than the edge keeps. */
const CHECKPOINTS = 3;

/** Puts a checkpoint in two parts, the first of them twice, and names it; the first time another upload is begun and left. */
async function putCheckpoint({ clients }: Harness, task: ClaimedTask, step: number): Promise<void> {
  const { runner } = clients;
  const { id: taskId, epoch } = task;
  const whole = Buffer.from(`state of ${taskId} at ${step}`);
  const sha256 = sha256Of(whole);
  const body = { sha256, bytes: whole.length, kind: 'checkpoint' as const, taskId, epoch };
  const { id: uploadId } = await runner.createUpload({ body });
  const put = async (id: string, partNumber: string, bytes: Uint8Array<ArrayBuffer>) =>
    await runner.putUploadPart({ parameters: { uploadId: id, partNumber }, body: bytes });
  await put(uploadId, '1', whole.subarray(0, 9));
  await put(uploadId, '1', whole.subarray(0, 10));
  await put(uploadId, '2', whole.subarray(10));
  await runner.completeUpload({ parameters: { uploadId } });
  await runner.checkpointTask({ parameters: { taskId }, body: { epoch, sha256, step } });
  if (step > 1) return;
  const { id: left } = await runner.createUpload({ body });
  await put(left, '1', whole.subarray(0, 10));
}

/** Does all that waits, as a runner would say it. @returns the kinds */
async function work(harness: Harness, runner: TestRunner): Promise<string[]> {
  const done: string[] = [];
  for (let task = await runner.claim(); task; task = await runner.claim()) {
    if (task.kind === 'ppo') {
      await runner.report(task, 1, [{ name: 'loss', step: 1, value: 1 }]);
      await harness.clients.runner.reportTask({
        parameters: { taskId: task.id },
        body: {
          epoch: task.epoch,
          sequence: 2,
          metrics: [{ name: 'loss', step: 2, value: 0.5 }],
          samples: [{ step: 2, row: 0, promptId: '0', prompt: 'Once', response: 'there was', score: 1 }],
        },
      });
      for (let step = 1; step <= CHECKPOINTS; step++) await putCheckpoint(harness, task, step);
    }
    await runner.complete(task);
    done.push(task.kind);
  }
  return done;
}

it('is flat over 200 experiments made and deleted', { timeout: 1_200_000 }, async () => {
  const folder = createFolder();
  const store = openNodeStore(folder);
  const harness = await createHarness(async () => store);
  await seedWorld(harness);
  const { client } = harness.clients;
  const runner = new TestRunner(harness);

  /** Rows of each table, files and folders; without the audit log, which outlives what it tells of by a year. */
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
    const entries = readdirSync(join(folder, 'blobs'), { recursive: true });
    return { ...Object.fromEntries(rows), files: entries.length };
  }

  /** More than a week: what is kept so that a repeated request has its answer goes as well. */
  async function sweepAll(): Promise<void> {
    for (let round = 0; round < 60; round++) {
      harness.advance(GRACE_MILLISECONDS * 6);
      await sweepStore(harness, harness.dependencies.clock());
    }
  }

  let before: Record<string, number> = {};
  const most: Record<string, number> = {};
  for (let made = 1; made <= EXPERIMENTS; made++) {
    const { id } = await client.createExperiment({ body: { ...EXPERIMENT, shards: 1, seed: made } });
    const kinds = await work(harness, runner);
    expect(kinds).toContain('ppo');
    if (made === 1) for (const [name, count] of Object.entries(sizes())) most[name] = count;
    await client.deleteExperiment({ parameters: { experimentId: id } });
    await sweepStore(harness, harness.dependencies.clock());
    if (made !== WARM_UP) continue;
    await sweepAll();
    before = sizes();
  }
  // What is shown to go was there.
  const filled = [
    'metric_chunks',
    'samples',
    'preference_pairs',
    'comparisons',
    'events',
    'task_puts',
    'uploads',
    'upload_parts',
  ];
  expect(filled.filter((name) => (most[name] ?? 0) === 0)).toEqual([]);
  const full = sizes();
  expect(full['artifacts']).toBeGreaterThan(EXPERIMENTS - WARM_UP);
  await sweepAll();
  expect(sizes()).toEqual(before);
  console.log(
    `store growth: of ${full['artifacts']} artifacts and ${full['files']} files ${before['artifacts']} and ${before['files']} stay`,
  );
});
