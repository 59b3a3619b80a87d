/** Reading of a scorer's file: whole or not at all, and never more of it than a scorer can have. */
import { expect, it } from 'vitest';
import { readScorerFile } from '../../../edge/scoring/scorer-cache.ts';
import type { Blobs } from '../../../edge/store/blobs.ts';

const MEBIBYTE = 2 ** 20;
const SHA256 = 'ab'.repeat(32);

/** A store whose one file is made chunk by chunk while it is read. */
function storeOf(chunks: number) {
  const seen = { read: 0, cancelled: false };
  const get: Blobs['get'] = async () =>
    new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          if (seen.read === chunks) {
            controller.close();
            return;
          }
          seen.read += 1;
          controller.enqueue(new Uint8Array(MEBIBYTE).fill(seen.read));
        },
        cancel() {
          seen.cancelled = true;
        },
      },
      { highWaterMark: 0 },
    );
  const none = async () => undefined;
  return { seen, blobs: { get, put: none, size: none, delete: none } satisfies Blobs };
}

it('joins what comes in pieces', async () => {
  const { blobs } = storeOf(8);
  const bytes = await readScorerFile(SHA256, await blobs.get(SHA256));
  expect(bytes).toHaveLength(8 * MEBIBYTE);
  expect([bytes[0], bytes.at(-1)]).toEqual([1, 8]);
});

it('stops at the first byte that no scorer has, and lets the store go', async () => {
  const { blobs, seen } = storeOf(1000);
  await expect(readScorerFile(SHA256, await blobs.get(SHA256))).rejects.toThrow(
    /larger than the 8388608 bytes/,
  );
  expect(seen).toEqual({ read: 9, cancelled: true });
});

it('says that a file is not stored', async () => {
  await expect(readScorerFile(SHA256, undefined)).rejects.toThrow(/not stored/);
});
