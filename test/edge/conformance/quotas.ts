/** Conformance of quotas: what one key may have, exactly, also where many requests come at once. */
import { expect, it, vi } from 'vitest';
import { artifacts, promptSets, unusedBlobs, uploadParts } from '../../../edge/store/schema/index.ts';
import { createClient, type Client } from '../../../shared/api/client.ts';
import { ORIGIN, type Harness } from '../harness.ts';
import { EXPERIMENT, seedWorld, sha256Of } from '../seed.ts';

type Given = Parameters<Client['createKey']>[0]['body'];

/** A client whose key has quotas. */
async function limited(harness: Harness, quotas: Partial<Given>) {
  const { admin } = harness.clients;
  const { secret, ...key } = await admin.createKey({ body: { name: 'held', scopes: ['client'], ...quotas } });
  const send = async (request: Request) =>
    await harness.fetch(request.url.slice(ORIGIN.length), {
      method: request.method,
      headers: request.headers,
      body: request.body,
      duplex: 'half',
    });
  return {
    key,
    secret: secret ?? '',
    client: createClient({ baseUrl: ORIGIN, key: secret ?? '', fetch: send }),
  };
}

export function quotasConformance(start: () => Promise<Harness>): void {
  it('tells the quotas of a key, null where nothing holds it back', async () => {
    const harness = await start();
    const quotas = { openStreams: 2, storedBytes: 1000, experimentsUnderWay: 3 };
    const { key } = await limited(harness, quotas);
    expect(key).toMatchObject({ ...quotas, requestsPerMinute: null });
    const { items } = await harness.clients.admin.listKeys();
    expect(items.find(({ id }) => id === key.id)).toMatchObject(quotas);
    expect(items.find(({ id }) => id !== key.id)).toMatchObject({ openStreams: null, storedBytes: null });
  });

  it('has no more live events of a key than it may, until one of them ends', async () => {
    const harness = await start();
    const { secret } = await limited(harness, { openStreams: 2 });
    const follow = async (key = secret) => await harness.fetch('/v1/events', { key });
    const [first, second] = [await follow(), await follow()];
    const refused = await follow();
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
    // Other requests, and others' streams, are not held back.
    expect((await harness.fetch('/v1/principles', { key: secret })).status).toBe(200);
    const other = await follow(harness.secrets.client);
    expect(other.status).toBe(200);
    await first.body?.cancel();
    const third = await follow();
    expect(third.status).toBe(200);
    expect((await follow()).status).toBe(429);
    await third.body?.cancel();
    // What is refused takes no place.
    const headers = { 'last-event-id': 'x' };
    for (let time = 0; time < 3; time++) {
      expect((await harness.fetch('/v1/events', { key: secret, headers })).status).toBe(400);
    }
    expect((await follow()).status).toBe(200);
    await Promise.all([second, other].map(async ({ body }) => await body?.cancel()));
  });

  it('has no more experiments of a key under way than it may, though they are asked for at once', async () => {
    const harness = await start();
    await seedWorld(harness);
    const { client } = await limited(harness, { experimentsUnderWay: 2 });
    const create = async (seed: number) => await client.createExperiment({ body: { ...EXPERIMENT, seed } });
    const asked = await Promise.allSettled([1, 2, 3, 4, 5].map(create));
    const made = asked.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    expect(made).toHaveLength(2);
    expect(asked.filter(({ status }) => status === 'rejected')).toHaveLength(3);
    await expect(create(6)).rejects.toMatchObject({
      problem: { status: 429, detail: expect.stringMatching(/2 experiments/) },
    });
    expect((await client.listExperiments()).items).toHaveLength(2);
    // Another key's do not count.
    await harness.clients.client.createExperiment({ body: { ...EXPERIMENT, seed: 7 } });
    await client.cancelExperiment({ parameters: { experimentId: made[0]?.id ?? '' } });
    await create(6);
    await expect(create(8)).rejects.toMatchObject({ problem: { status: 429 } });
  });

  it('stores no more bytes of a key than it may, in one piece, in parts or as prompts', async () => {
    const harness = await start();
    const { client } = await limited(harness, { storedBytes: 10 });
    const puts = vi.spyOn(harness.blobs, 'put');
    const put = async (content: string) =>
      await client.putArtifact({
        parameters: { sha256: sha256Of(content) },
        query: { kind: 'report' },
        body: content,
      });
    const full = { problem: { status: 409, type: 'urn:rlcd:problem:quota-exceeded' } };
    const asked = await Promise.allSettled(['aaaaaa', 'bbbbbb', 'cccccc'].map(put));
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await expect(put('ddddd')).rejects.toMatchObject(full);
    const rows = async () => (await harness.database.select().from(artifacts)).length;
    expect(await rows()).toBe(1);
    // The bytes of what was refused went with it, long before they would be collected.
    const sizes = await Promise.all(puts.mock.calls.map(async ([name]) => await harness.blobs.size(name)));
    expect(sizes.toSorted((a = 0, b = 0) => b - a)).toEqual([6, undefined, undefined, undefined]);
    expect(await harness.database.select().from(unusedBlobs)).toEqual([]);
    // What is there already costs nothing.
    const stored = (await client.listArtifacts()).items[0];
    await put(['aaaaaa', 'bbbbbb', 'cccccc'].find((content) => sha256Of(content) === stored?.sha256) ?? '');

    const upload = async (content: string) => {
      const body = { sha256: sha256Of(content), bytes: content.length, kind: 'report' as const };
      const { id: uploadId } = await client.createUpload({ body });
      const part = { uploadId, partNumber: '1' };
      await client.putUploadPart({ parameters: part, body: content });
      return await client.completeUpload({ parameters: { uploadId } });
    };
    await expect(upload('eeeee')).rejects.toMatchObject(full);
    expect(await harness.database.select().from(uploadParts)).toEqual([]);
    // Its parts and the whole are not counted both.
    expect((await upload('ffff')).bytes).toBe(4);
    await client.deleteArtifact({ parameters: { sha256: sha256Of('ffff') } });

    const prompts = async (text: string) =>
      await client.createPromptSet({ query: { name: 'own', rule: 'field' }, body: text });
    await expect(prompts('{"prompt":"Once","split":"train"}')).rejects.toMatchObject(full);
    expect(await harness.database.select().from(promptSets)).toEqual([]);
    // Others are not held back.
    await harness.clients.client.putArtifact({
      parameters: { sha256: sha256Of('x'.repeat(100)) },
      query: { kind: 'report' },
      body: 'x'.repeat(100),
    });
  });
}
