/** Conformance of uploads in parts that come at the same time: what was declared holds, and recorded bytes are the stored ones. */
import { describe, expect, it } from 'vitest';
import { chunksOf } from '../../../edge/store/blobs.ts';
import { unusedBlobs } from '../../../edge/store/schema/index.ts';
import { listParts, partBlob } from '../../../edge/store/uploads.ts';
import type { Harness } from '../harness.ts';
import { sha256Of } from '../seed.ts';

const kind = 'report' as const;
const ascending = (a: number, b: number) => a - b;

/** A body whose second half comes when `isDue` is fulfilled; `begun` is called when its first was read. */
function halved(bytes: Uint8Array, begun: () => void, isDue: Promise<void>): ReadableStream<Uint8Array> {
  const middle = Math.ceil(bytes.length / 2);
  let pulls = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        pulls += 1;
        if (pulls === 1) {
          controller.enqueue(bytes.slice(0, middle));
          return;
        }
        begun();
        await isDue;
        controller.enqueue(bytes.slice(middle));
        controller.close();
      },
    },
    { highWaterMark: 0 },
  );
}

interface Part {
  readonly number: number;
  readonly bytes: Uint8Array;
}

export function uploadsConformance(start: () => Promise<Harness>): void {
  async function begin(harness: Harness, whole: Uint8Array): Promise<string> {
    const body = { sha256: sha256Of(whole), bytes: whole.length, kind };
    return (await harness.clients.client.createUpload({ body })).id;
  }

  /** Sends them so that each is read in half before any other ends, and `between` is done then. */
  async function putAtOnce(
    { fetch, secrets }: Harness,
    uploadId: string,
    parts: readonly Part[],
    between: () => Promise<void> = async () => undefined,
  ): Promise<number[]> {
    const allBegun = Promise.withResolvers<void>();
    const due = Promise.withResolvers<void>();
    let begun = 0;
    const count = () => {
      begun += 1;
      if (begun === parts.length) allBegun.resolve();
    };
    const answers = parts.map(
      async ({ number, bytes }) =>
        await fetch(`/v1/uploads/${uploadId}/parts/${number}`, {
          method: 'PUT',
          key: secrets.client,
          headers: { 'content-type': 'application/octet-stream' },
          body: halved(bytes, count, due.promise),
          duplex: 'half',
        }),
    );
    await allBegun.promise;
    await between();
    due.resolve();
    return (await Promise.all(answers)).map(({ status }) => status);
  }

  /** Every part that is recorded has the bytes that its record says, and nothing else waits to be collected. */
  async function expectRecorded({ database, blobs }: Harness, uploadId: string): Promise<readonly Part[]> {
    const found: Part[] = [];
    for (const part of await listParts(database, uploadId)) {
      const stream = await blobs.get(partBlob(part));
      const chunks: Uint8Array[] = [];
      if (stream) for await (const chunk of chunksOf(stream)) chunks.push(chunk);
      const bytes = Buffer.concat(chunks);
      expect([sha256Of(bytes), bytes.length]).toEqual([part.etag, part.bytes]);
      found.push({ number: part.number, bytes });
    }
    const notes = await database.select().from(unusedBlobs);
    for (const { name } of notes) expect(await blobs.size(name)).toBeUndefined();
    return found;
  }

  const filled = (length: number, value: number) => new Uint8Array(length).fill(value);

  describe('parts that come at the same time', () => {
    it('have no more bytes together than the upload declared', async () => {
      const harness = await start();
      const uploadId = await begin(harness, filled(400, 0));
      const parts = Array.from({ length: 8 }, (_, index) => ({
        number: index + 1,
        bytes: filled(399, index),
      }));
      const statuses = await putAtOnce(harness, uploadId, parts);
      expect(statuses.toSorted(ascending)).toEqual([200, ...Array.from({ length: 7 }, () => 409)]);
      const [kept, ...others] = await expectRecorded(harness, uploadId);
      expect([kept?.number, others]).toEqual([statuses.indexOf(200) + 1, []]);
    });

    it('of one number leave the bytes of one of them, under its hash, and the whole is verified by them', async () => {
      const harness = await start();
      const whole = filled(300, 2);
      const uploadId = await begin(harness, whole);
      const parts = [1, 2, 3, 4].map((value) => ({ number: 1, bytes: filled(300, value) }));
      expect(await putAtOnce(harness, uploadId, parts)).toEqual([200, 200, 200, 200]);
      expect(await expectRecorded(harness, uploadId)).toHaveLength(1);
      await putAtOnce(harness, uploadId, [{ number: 1, bytes: whole }]);
      const { client } = harness.clients;
      expect(await client.completeUpload({ parameters: { uploadId } })).toMatchObject({ bytes: 300 });
    });

    it('are refused without harm to what was there', async () => {
      const harness = await start();
      const uploadId = await begin(harness, filled(400, 0));
      await putAtOnce(harness, uploadId, [{ number: 1, bytes: filled(100, 9) }]);
      const larger = [
        { number: 1, bytes: filled(350, 1) },
        { number: 2, bytes: filled(300, 2) },
      ];
      const statuses = await putAtOnce(harness, uploadId, larger);
      expect(statuses.toSorted(ascending)).toEqual([200, 409]);
      const kept = await expectRecorded(harness, uploadId);
      const isLarger = statuses[0] === 200;
      expect(kept.map(({ number, bytes }) => [number, bytes.length])).toEqual(
        isLarger
          ? [[1, 350]]
          : [
              [1, 100],
              [2, 300],
            ],
      );
    });
  });

  describe('a part that is under way', () => {
    it('is refused where its upload was given up meanwhile, and nothing of it stays', async () => {
      const harness = await start();
      const { client } = harness.clients;
      const uploadId = await begin(harness, filled(400, 0));
      const statuses = await putAtOnce(
        harness,
        uploadId,
        [{ number: 1, bytes: filled(100, 1) }],
        async () => await client.abortUpload({ parameters: { uploadId } }),
      );
      expect(statuses).toEqual([404]);
      expect(await expectRecorded(harness, uploadId)).toEqual([]);
      expect(await harness.database.select().from(unusedBlobs)).toEqual([]);
    });

    it('is refused where its upload was completed meanwhile, which can be completed again', async () => {
      const harness = await start();
      const { client } = harness.clients;
      const whole = filled(100, 3);
      const uploadId = await begin(harness, whole);
      const parameters = { uploadId };
      await putAtOnce(harness, uploadId, [{ number: 1, bytes: whole }]);
      const statuses = await putAtOnce(harness, uploadId, [{ number: 1, bytes: whole }], async () => {
        await client.completeUpload({ parameters });
      });
      expect(statuses).toEqual([409]);
      expect(await client.completeUpload({ parameters })).toMatchObject({ bytes: 100 });
      await expect(
        client.putUploadPart({ parameters: { ...parameters, partNumber: '1' }, body: filled(100, 3) }),
      ).rejects.toMatchObject({
        problem: { status: 409, detail: expect.stringContaining('begin another') as unknown },
      });
    });
  });
}
