/** Conformance of what becomes of bytes: damaged ones are mended, unused ones go, and what is wanted stays through every race. */
import { describe, expect, it } from 'vitest';
import { artifactBlob, findArtifact } from '../../../edge/store/artifacts.ts';
import { openArtifact } from '../../../edge/store/artifact-bytes.ts';
import { collect, GRACE_MILLISECONDS } from '../../../edge/store/collect.ts';
import { artifacts, events, preferencePairs, tasks, unusedBlobs } from '../../../edge/store/schema/index.ts';
import { EXPORT_LIFETIME, sweepStore } from '../../../edge/store/sweep.ts';
import type { Harness } from '../harness.ts';
import { TestRunner } from '../runner.ts';
import { EXPERIMENT, finish, seedWorld, sha256Of } from '../seed.ts';

const RIGHT = Buffer.from('the right bytes');
const sha256 = sha256Of(RIGHT);
const kind = 'report' as const;

/** Rounds until nothing is due. */
async function collectAll(harness: Harness): Promise<void> {
  while ((await collect(harness, harness.dependencies.clock())) > 0);
}

/** The rounds of more than two times of grace. */
async function waitForCollection(harness: Harness): Promise<void> {
  for (let round = 0; round < 4; round++) {
    await collectAll(harness);
    harness.advance(GRACE_MILLISECONDS);
  }
  await collectAll(harness);
}

async function blobNameOf(harness: Harness, of = sha256): Promise<string> {
  const row = await findArtifact(harness.database, of);
  return row ? artifactBlob(row) : '';
}

export function collectionConformance(start: () => Promise<Harness>): void {
  const putRight = async ({ clients }: Harness) =>
    await clients.client.putArtifact({ parameters: { sha256 }, query: { kind }, body: RIGHT });
  const read = async ({ fetch, secrets }: Harness, of = sha256) =>
    await fetch(`/v1/artifacts/${of}`, { key: secrets.client });

  describe('bytes', () => {
    it.each([
      ['missing', async ({ blobs }: Harness, name: string) => await blobs.delete(name)],
      ['cut short', async ({ blobs }: Harness, name: string) => await blobs.put(name, RIGHT.subarray(1))],
      [
        'flipped in one bit',
        async ({ blobs }: Harness, name: string) => await blobs.put(name, Buffer.from('the right bytez')),
      ],
    ] as const)('that are %s are written anew by a PUT of the right ones', async (_, damage) => {
      const harness = await start();
      const first = await putRight(harness);
      await damage(harness, await blobNameOf(harness));
      harness.advance(1000);
      expect(await putRight(harness)).toEqual(first);
      expect(await (await read(harness)).text()).toBe('the right bytes');
    });

    it('that are missing or cut short are told as gone, and mended by an upload in parts', async () => {
      const harness = await start();
      const { client } = harness.clients;
      await putRight(harness);
      for (const damage of [undefined, RIGHT.subarray(1)]) {
        const name = await blobNameOf(harness);
        await (damage ? harness.blobs.put(name, damage) : harness.blobs.delete(name));
        const answer = await read(harness);
        expect([answer.status, await answer.json()]).toMatchObject([
          410,
          { type: 'urn:rlcd:problem:artifact-damaged' },
        ]);
        const { id } = await client.createUpload({ body: { sha256, bytes: RIGHT.length, kind } });
        await client.putUploadPart({ parameters: { uploadId: id, partNumber: '1' }, body: RIGHT });
        await client.completeUpload({ parameters: { uploadId: id } });
        expect(await (await read(harness)).text()).toBe('the right bytes');
      }
    });

    it('whose bits have flipped never arrive whole, and are told as damaged from then on, until they are mended', async () => {
      const harness = await start();
      const { clients, fetch, secrets } = harness;
      // Of more pieces than one, on both hosts.
      const right = Buffer.alloc(300_000, 'right');
      const of = sha256Of(right);
      const put = async () =>
        await clients.client.putArtifact({ parameters: { sha256: of }, query: { kind }, body: right });
      await put();
      const wrong = Buffer.from(right);
      wrong[0] = 0;
      await harness.blobs.put(await blobNameOf(harness, of), wrong);
      const part = async (range: string) =>
        await fetch(`/v1/artifacts/${of}`, { key: secrets.client, headers: { range } });
      // A part can not be checked.
      expect((await (await part('bytes=1-5')).text()).length).toBe(5);
      await expect((await part('bytes=0-')).arrayBuffer()).rejects.toThrow(/missing or damaged/);
      for (const answer of [await read(harness, of), await part('bytes=1-5')]) {
        expect([answer.status, await answer.json()]).toMatchObject([
          410,
          { type: 'urn:rlcd:problem:artifact-damaged' },
        ]);
      }
      await put();
      expect(Buffer.from(await (await read(harness, of)).arrayBuffer()).equals(right)).toBe(true);
    });

    it('that are refused leave nothing, and what a client put stays', async () => {
      const harness = await start();
      const body = Buffer.from('not the right ones');
      const wrong = harness.clients.client.putArtifact({ parameters: { sha256 }, query: { kind }, body });
      await expect(wrong).rejects.toMatchObject({ problem: { status: 400 } });
      expect(await harness.database.select().from(unusedBlobs)).toEqual([]);
      await putRight(harness);
      harness.advance(24 * GRACE_MILLISECONDS);
      await waitForCollection(harness);
      expect(await harness.database.select().from(unusedBlobs)).toEqual([]);
      expect(await (await read(harness)).text()).toBe('the right bytes');
    });
  });

  /** A task with two checkpoints. */
  async function checkpointed() {
    const harness = await start();
    await seedWorld(harness);
    await harness.clients.client.createExperiment({ body: EXPERIMENT });
    const runner = new TestRunner(harness);
    const task = await runner.claim();
    if (!task) throw new Error('nothing waits');
    const names: string[] = [];
    const checkpoint = async (step: number, content = `state ${step}`) => {
      const of = sha256Of(content);
      const lease = { taskId: task.id, epoch: task.epoch };
      const body = Buffer.from(content);
      const query = { kind: 'checkpoint' as const, ...lease };
      await harness.clients.runner.putArtifact({ parameters: { sha256: of }, query, body });
      await harness.clients.runner.checkpointTask({
        parameters: { taskId: task.id },
        body: { epoch: task.epoch, sha256: of, step },
      });
      names.push(await blobNameOf(harness, of));
    };
    return { harness, runner, task, checkpoint, names };
  }

  describe('checkpoints', () => {
    it('that are missing are dropped for the one before, then for the beginning, and the log says so', async () => {
      const { harness, runner, checkpoint, names } = await checkpointed();
      await checkpoint(1);
      await checkpoint(2);
      await harness.blobs.delete(names[1] ?? '');
      expect((await runner.claim())?.checkpoint).toMatchObject({ step: 1, sha256: sha256Of('state 1') });
      await harness.blobs.delete(names[0] ?? '');
      expect((await runner.claim())?.checkpoint).toBeNull();
      const told = (await harness.database.select().from(events)).filter(
        (event) => event.kind === 'task-checkpoint-dropped',
      );
      expect(told.map(({ data }) => data['step'])).toEqual([2, 1]);
    });

    it('whose bits have flipped are dropped when the runner says that they are damaged, and no other is', async () => {
      const { harness, runner, task, checkpoint, names } = await checkpointed();
      await checkpoint(1);
      await checkpoint(2);
      await runner.fail(task, 'artifact-damaged', true);
      harness.advance(60_000);
      const again = await runner.claim(undefined, [task.kind]);
      expect(again?.checkpoint).toMatchObject({ step: 2 });
      await harness.blobs.put(names[1] ?? '', Buffer.from('stAte 2'));
      if (again) await runner.fail(again, 'artifact-damaged', true);
      harness.advance(60_000);
      const shards = [await runner.claim(), await new TestRunner(harness).claim()];
      expect(shards.find((one) => one?.id === task.id)?.checkpoint).toMatchObject({ step: 1 });
    });

    it('that no runner can read are dropped for the one before, then for the beginning', async () => {
      const { harness, runner, task, checkpoint } = await checkpointed();
      await checkpoint(1);
      await checkpoint(2);
      await runner.fail(task, 'bad-checkpoint', true);
      harness.advance(60_000);
      const again = await runner.claim(undefined, [task.kind]);
      expect(again).toMatchObject({ id: task.id, checkpoint: { step: 1, sha256: sha256Of('state 1') } });
      if (again) await runner.fail(again, 'bad-checkpoint', true);
      harness.advance(60_000);
      const shards = [await runner.claim(), await new TestRunner(harness).claim()];
      expect(shards.find((one) => one?.id === task.id)).toMatchObject({ checkpoint: null });
      const told = (await harness.database.select().from(events)).filter(
        (event) => event.kind === 'task-checkpoint-dropped',
      );
      expect(told.map(({ data }) => data['reason'])).toEqual([
        'a runner cannot read what it holds',
        'a runner cannot read what it holds',
      ]);
    });

    it('that are superseded go while the task still runs; the last two stay', async () => {
      const { harness, checkpoint, task } = await checkpointed();
      for (let step = 1; step <= 5; step++) await checkpoint(step);
      await harness.database.update(tasks).set({ leaseExpiresAt: Number.MAX_SAFE_INTEGER });
      await waitForCollection(harness);
      const left = await harness.database.select().from(artifacts);
      expect(left.filter(({ producedByTaskId }) => producedByTaskId === task.id).length).toBe(2);
    });

    it('must have been put for the task, under its lease, as its outputs must', async () => {
      const { harness, task } = await checkpointed();
      await putRight(harness);
      const parameters = { taskId: task.id };
      const { runner } = harness.clients;
      await expect(
        runner.checkpointTask({ parameters, body: { epoch: task.epoch, sha256, step: 1 } }),
      ).rejects.toMatchObject({
        problem: { status: 409, detail: expect.stringContaining('not put for') as unknown },
      });
      const query = { taskId: task.id };
      await expect(runner.downloadArtifact({ parameters: { sha256 }, query })).rejects.toMatchObject({
        problem: { status: 403 },
      });
      // Who has the bytes may name them, though they are stored already.
      await runner.putArtifact({
        parameters: { sha256 },
        query: { kind, taskId: task.id, epoch: task.epoch },
        body: RIGHT,
      });
      await runner.checkpointTask({ parameters, body: { epoch: task.epoch, sha256, step: 1 } });
    });
  });

  describe('outputs', () => {
    it.each([
      ['one letter is another', (text: string) => text.replace('Once', 'Onca')],
      ['it is no JSON any more', (text: string) => text.replace('{', '[')],
      ['it is no UTF-8 any more', (text: string) => Buffer.from(text.replace('Once', 'Onc\xff'), 'latin1')],
    ])('become no rows where %s since they were put, and are mended by a PUT', async (_, damage) => {
      const { harness, runner, task } = await checkpointed();
      const { pairs = '' } = finish(task).outputs;
      const output = sha256Of(pairs);
      const query = { kind, taskId: task.id, epoch: task.epoch };
      const put = async () =>
        await harness.clients.runner.putArtifact({ parameters: { sha256: output }, query, body: pairs });
      const complete = async () =>
        await harness.clients.runner.completeTask({
          parameters: { taskId: task.id },
          body: {
            epoch: task.epoch,
            outputs: [{ name: 'pairs', sha256: output }],
            result: finish(task).result,
          },
        });
      await put();
      await harness.blobs.put(await blobNameOf(harness, output), Buffer.from(damage(pairs)));
      await expect(complete()).rejects.toMatchObject({
        problem: { status: 410, type: 'urn:rlcd:problem:artifact-damaged' },
      });
      expect(await harness.database.select().from(preferencePairs)).toEqual([]);
      await runner.report(task, 1);
      await put();
      expect((await complete()).status).toBe('succeeded');
      const rows = await harness.database.select().from(preferencePairs);
      expect(rows.map(({ prompt }) => prompt)).toEqual(['Once', 'Once']);
    });
  });

  describe('an upload of a runner', () => {
    it('ends with its lease and takes no more bytes than it declared', async () => {
      const { harness, task } = await checkpointed();
      const { runner } = harness.clients;
      const body = { sha256, bytes: RIGHT.length, kind, taskId: task.id, epoch: task.epoch };
      const { id: uploadId } = await runner.createUpload({ body });
      const put = async (partNumber: string, bytes: Uint8Array<ArrayBuffer>) =>
        await runner.putUploadPart({ parameters: { uploadId, partNumber }, body: bytes });
      await put('1', RIGHT.subarray(0, 5));
      await expect(put('2', RIGHT)).rejects.toMatchObject({
        problem: { status: 409, detail: expect.stringContaining('declared') as unknown },
      });
      expect((await runner.getUpload({ parameters: { uploadId } })).parts).toHaveLength(1);
      await put('2', RIGHT.subarray(5));
      await harness.database.update(tasks).set({ status: 'cancelled' });
      const lost = { problem: { type: 'urn:rlcd:problem:lease-lost' } };
      await expect(put('2', RIGHT.subarray(5))).rejects.toMatchObject(lost);
      await expect(runner.completeUpload({ parameters: { uploadId } })).rejects.toMatchObject(lost);
      expect(await findArtifact(harness.database, sha256)).toBeUndefined();
    });
  });

  describe('what nothing uses', () => {
    it('goes with its experiment after the time of grace, row and bytes, and what another one shares stays', async () => {
      const harness = await start();
      await seedWorld(harness);
      const { client } = harness.clients;
      const first = await client.createExperiment({ body: EXPERIMENT });
      const other = await client.createExperiment({ body: { ...EXPERIMENT, name: 'shares all' } });
      await new TestRunner(harness).drain();
      const made = await harness.database.select().from(artifacts);
      await client.deleteExperiment({ parameters: { experimentId: first.id } });
      await waitForCollection(harness);
      expect(await harness.database.select({ sha256: artifacts.sha256 }).from(artifacts)).toHaveLength(
        made.length,
      );
      await client.deleteExperiment({ parameters: { experimentId: other.id } });
      await collectAll(harness);
      expect(await harness.database.select().from(artifacts)).toHaveLength(made.length);
      await waitForCollection(harness);
      const left = await harness.database.select().from(artifacts);
      // The splits of the prompt set stay with it.
      expect(new Set(left.map((row) => row.kind))).toEqual(new Set(['prompts']));
      for (const row of made) {
        const stays = left.some((one) => one.sha256 === row.sha256);
        expect(await harness.blobs.size(artifactBlob(row)), row.kind).toBe(stays ? row.bytes : undefined);
      }
    });

    it('of an export expires a week after it was made', async () => {
      const { harness, task } = await checkpointed();
      const finishedAt = harness.dependencies.clock();
      await harness.database.update(tasks).set({ kind: 'export', status: 'succeeded', finishedAt });
      await harness.database.$client.prepare('DELETE FROM stage_tasks').run();
      await sweepStore(harness, finishedAt + EXPORT_LIFETIME);
      expect((await harness.database.select().from(tasks)).map(({ id }) => id)).toContain(task.id);
      await sweepStore(harness, finishedAt + EXPORT_LIFETIME + 1);
      expect(await harness.database.select().from(tasks)).toEqual([]);
    });

    it('is kept by who puts it again or names it before the end', async () => {
      const { harness, task } = await checkpointed();
      const { runner } = harness.clients;
      const query = { kind, taskId: task.id, epoch: task.epoch };
      const put = async () => await runner.putArtifact({ parameters: { sha256 }, query, body: RIGHT });
      await put();
      // Neither a task nor time holds it any more: it is due in the next round.
      await harness.database.$client.prepare('DELETE FROM task_puts').run();
      await harness.database.update(artifacts).set({ dueAt: 1 });
      await put();
      await collectAll(harness);
      expect(await openArtifact(harness, sha256)).toBeDefined();
    });
  });
}
