/** Conformance of artifacts: verified bytes, parts of them, uploads in parts, and what a runner may touch. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { artifactBlob } from '../../../edge/store/artifacts.ts';
import { listParts, partBlob } from '../../../edge/store/uploads.ts';
import { artifacts, runners, tasks } from '../../../edge/store/schema/index.ts';
import { sweepStore } from '../../../edge/store/sweep.ts';
import type { TaskSpecification } from '../../../edge/domain/task-key.ts';
import type { Harness } from '../harness.ts';

const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
function bytesOf(length: number, factor = 7): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++) bytes[index] = (index * factor) % 251;
  return bytes;
}
const TASK = '019ab0e7-6c00-7000-8000-000000000001';
const kind = 'report' as const;

/** A task under a lease of the harness's runner key. */
async function leaseTask(
  { database, secrets }: Harness,
  inputs: readonly { name: string; sha256: string }[],
) {
  const keyId = secrets.runner.split('_')[1] ?? '';
  const runner = '019ab0e7-6c00-7000-8000-000000000002';
  await database.insert(runners).values({
    id: runner,
    name: 'runner',
    keyId,
    engineVersion: '1',
    device: {},
    createdAt: 1,
    seenAt: 1,
  });
  await database.insert(tasks).values({
    id: TASK,
    contentKey: 'c',
    kind: 'generate',
    specification: { inputs, prompts: null } as unknown as TaskSpecification,
    engineVersion: '1',
    experimentId: 'e',
    stage: 'generate',
    status: 'leased',
    priority: 1,
    availableAt: 0,
    epoch: 3,
    leaseRunnerId: runner,
    leaseKeyId: keyId,
    leaseExpiresAt: Number.MAX_SAFE_INTEGER,
    createdAt: 1,
  });
}

/** @param count how many there were */
async function expectGone({ blobs }: Harness, names: readonly string[], count: number): Promise<void> {
  expect(names).toHaveLength(count);
  for (const name of names) expect(await blobs.size(name)).toBeUndefined();
}

export function artifactsConformance(start: () => Promise<Harness>): void {
  it('stores bytes under their hash, lists them, and gives the whole or a part', async () => {
    const harness = await start();
    const { client } = harness.clients;
    const bytes = bytesOf(70_000);
    const sha256 = sha256Of(bytes);
    const put = async () =>
      await client.putArtifact({
        parameters: { sha256 },
        query: { kind, mediaType: 'text/plain' },
        body: bytes,
      });
    const artifact = await put();
    expect(artifact).toMatchObject({ sha256, bytes: 70_000, mediaType: 'text/plain', kind });
    harness.advance(1000);
    expect(await put()).toEqual(artifact);
    expect((await client.listArtifacts({ query: { kind } })).items).toEqual([artifact]);
    expect(await client.getArtifactDetails({ parameters: { sha256 } })).toEqual(artifact);

    const get = async (headers: Record<string, string> = {}, method = 'GET') =>
      await harness.fetch(`/v1/artifacts/${sha256}`, { key: harness.secrets.client, headers, method });
    const whole = await get();
    expect([whole.status, whole.headers.get('content-type')]).toEqual([200, 'text/plain']);
    expect(new Uint8Array(await whole.arrayBuffer())).toEqual(bytes);
    const head = await get({}, 'HEAD');
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '70000', '']);
    for (const [range, first, end] of [
      ['bytes=0-0', 0, 1],
      ['bytes=65530-65600', 65_530, 65_601],
      ['bytes=69990-', 69_990, 70_000],
      ['bytes=-5', 69_995, 70_000],
      ['bytes=69999-999999', 69_999, 70_000],
    ] as const) {
      const part = await get({ range });
      expect([part.status, part.headers.get('content-range')], range).toEqual([
        206,
        `bytes ${first}-${end - 1}/70000`,
      ]);
      expect(new Uint8Array(await part.arrayBuffer()), range).toEqual(bytes.slice(first, end));
    }
    for (const range of ['bytes=5-2', 'lines=1-2', 'bytes=0-1,4-5', 'bytes=-']) {
      const answer = await get({ range });
      expect([answer.status, (await answer.arrayBuffer()).byteLength], range).toEqual([200, 70_000]);
    }
    const outside = await get({ range: 'bytes=70000-' });
    expect([outside.status, outside.headers.get('content-range')]).toEqual([416, 'bytes */70000']);
    const etag = whole.headers.get('etag') ?? '';
    expect((await get({ 'if-none-match': etag })).status).toBe(304);
    expect((await get({ range: 'bytes=0-1', 'if-range': '"other"' })).status).toBe(200);
  });

  it('takes no bytes at all as an artifact', async () => {
    const { client } = (await start()).clients;
    const sha256 = sha256Of(new Uint8Array());
    await client.putArtifact({ parameters: { sha256 }, query: { kind }, body: new Uint8Array() });
    expect(await (await client.downloadArtifact({ parameters: { sha256 } })).text()).toBe('');
  });

  it('refuses other bytes than the hash says, and keeps what was there', async () => {
    const { clients, database, blobs } = await start();
    const bytes = bytesOf(1000);
    const sha256 = sha256Of(bytes);
    const put = async (body: Uint8Array<ArrayBuffer>) =>
      await clients.client.putArtifact({ parameters: { sha256 }, query: { kind }, body });
    await expect(put(bytesOf(1000, 8))).rejects.toMatchObject({ problem: { status: 400 } });
    expect([
      await database.select().from(artifacts),
      await blobs.size(artifactBlob({ sha256, writing: '' })),
    ]).toEqual([[], undefined]);
    await put(bytes);
    await expect(put(bytesOf(1000, 8))).rejects.toMatchObject({ problem: { status: 400 } });
    const kept = await clients.client.downloadArtifact({ parameters: { sha256 } });
    expect(new Uint8Array(await kept.arrayBuffer())).toEqual(bytes);
  });

  describe('uploads in parts', () => {
    it('joins parts that came in any order and again, and verifies the whole', async () => {
      const harness = await start();
      const { client } = harness.clients;
      // Over two R2 parts of 8 MiB, with boundaries that are no multiple of them.
      const whole = bytesOf(17_000_000);
      const parts = [whole.slice(0, 6_000_001), whole.slice(6_000_001, 12_000_000), whole.slice(12_000_000)];
      const sha256 = sha256Of(whole);
      const body = { sha256, bytes: whole.length, kind };
      const { id } = await client.createUpload({ body });
      const put = async (number: number, bytes: Uint8Array<ArrayBuffer>) =>
        await client.putUploadPart({ parameters: { uploadId: id, partNumber: String(number) }, body: bytes });
      const complete = async () => await client.completeUpload({ parameters: { uploadId: id } });
      await put(3, parts[2] ?? new Uint8Array());
      await put(1, bytesOf(10));
      await expect(complete()).rejects.toMatchObject({ problem: { status: 409 } });
      await put(2, parts[1] ?? new Uint8Array());
      await expect(complete()).rejects.toMatchObject({ problem: { status: 409 } });
      await put(1, new Uint8Array(6_000_001));
      await expect(complete()).rejects.toMatchObject({ problem: { status: 409 } });
      const { parts: arrived } = await put(1, parts[0] ?? new Uint8Array());
      expect(arrived.map(({ number }) => number)).toEqual([1, 2, 3]);
      const names = (await listParts(harness.database, id)).map(partBlob);
      const artifact = await complete();
      expect(artifact).toMatchObject({ sha256, bytes: whole.length });
      expect(await complete()).toEqual(artifact);
      await expectGone(harness, names, 3);
      const stored = await client.downloadArtifact({ parameters: { sha256 } });
      expect(sha256Of(new Uint8Array(await stored.arrayBuffer()))).toBe(sha256);
    });

    it('is nobody else’s, can be given up, and ends after a day', async () => {
      const harness = await start();
      const { client, admin } = harness.clients;
      const body = { sha256: 'ab'.repeat(32), bytes: 10, kind };
      const { id } = await client.createUpload({ body });
      const parameters = { uploadId: id };
      await client.putUploadPart({ parameters: { ...parameters, partNumber: '1' }, body: bytesOf(5) });
      await expect(admin.getUpload({ parameters })).rejects.toMatchObject({ problem: { status: 404 } });
      const names = (await listParts(harness.database, id)).map(partBlob);
      await client.abortUpload({ parameters });
      await expectGone(harness, names, 1);
      await expect(client.getUpload({ parameters })).rejects.toMatchObject({ problem: { status: 404 } });

      const { id: dead, expiresAt } = await client.createUpload({ body });
      await client.putUploadPart({ parameters: { uploadId: dead, partNumber: '1' }, body: bytesOf(5) });
      await sweepStore(harness, expiresAt);
      expect((await client.getUpload({ parameters: { uploadId: dead } })).parts).toHaveLength(1);
      const deadNames = (await listParts(harness.database, dead)).map(partBlob);
      await sweepStore(harness, expiresAt + 1);
      await expect(client.getUpload({ parameters: { uploadId: dead } })).rejects.toMatchObject({
        problem: { status: 404 },
      });
      await expectGone(harness, deadNames, 1);
    });
  });

  describe('a runner', () => {
    it('writes only for a task whose lease it holds', async () => {
      const harness = await start();
      const { runner } = harness.clients;
      const body = bytesOf(10);
      const parameters = { sha256: sha256Of(body) };
      await leaseTask(harness, []);
      const put = async (query: { taskId?: string; epoch?: number }) =>
        await runner.putArtifact({ parameters, query: { kind, ...query }, body });
      await expect(put({})).rejects.toMatchObject({ problem: { status: 403 } });
      const lost = { problem: { status: 409, type: 'urn:rlcd:problem:lease-lost' } };
      await expect(put({ taskId: TASK, epoch: 2 })).rejects.toMatchObject(lost);
      // A task that is not there, or no more.
      await expect(put({ taskId: TASK.replace('1', '2'), epoch: 3 })).rejects.toMatchObject(lost);
      await expect(
        runner.createUpload({ body: { ...parameters, bytes: 10, kind, taskId: TASK, epoch: 2 } }),
      ).rejects.toMatchObject({ problem: { status: 409 } });
      expect(await harness.database.select().from(artifacts)).toEqual([]);
      expect(await put({ taskId: TASK, epoch: 3 })).toMatchObject({ producedByTaskId: TASK });
    });

    it('reads only what its task reads or made', async () => {
      const harness = await start();
      const { runner, client } = harness.clients;
      const [input, other, own] = [bytesOf(10), bytesOf(11), bytesOf(12)];
      const put = async (body: Uint8Array<ArrayBuffer>) =>
        await client.putArtifact({ parameters: { sha256: sha256Of(body) }, query: { kind }, body });
      await put(input);
      await put(other);
      await leaseTask(harness, [{ name: 'adapter', sha256: sha256Of(input) }]);
      await runner.putArtifact({
        parameters: { sha256: sha256Of(own) },
        query: { kind, taskId: TASK, epoch: 3 },
        body: own,
      });
      const read = async (bytes: Uint8Array, query: { taskId?: string }) =>
        await runner.downloadArtifact({ parameters: { sha256: sha256Of(bytes) }, query });
      expect(await (await read(input, { taskId: TASK })).bytes()).toEqual(input);
      expect(await (await read(own, { taskId: TASK })).bytes()).toEqual(own);
      await expect(read(other, { taskId: TASK })).rejects.toMatchObject({ problem: { status: 403 } });
      await expect(read(input, {})).rejects.toMatchObject({ problem: { status: 403 } });
      await harness.database.update(tasks).set({ status: 'succeeded' });
      await expect(read(input, { taskId: TASK })).rejects.toMatchObject({ problem: { status: 403 } });
    });
  });
}
