/** Blobs in an R2 bucket. */
import type { R2Bucket, R2UploadedPart } from '@cloudflare/workers-types';
import type { Blobs, ByteRange } from '../store/blobs.ts';

/** R2 wants parts of one size but for the last, of 5 MiB or more. */
const PART_BYTES = 8 * 1024 * 1024;

/** The bytes again, in pieces of `PART_BYTES` and a last one of at most as many; none for no bytes. */
async function* inParts(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let part = new Uint8Array(PART_BYTES);
  let filled = 0;
  for await (const chunk of bytes) {
    for (let start = 0; start < chunk.length;) {
      const taken = chunk.subarray(start, start + PART_BYTES - filled);
      part.set(taken, filled);
      filled += taken.length;
      start += taken.length;
      if (filled < PART_BYTES) continue;
      yield part;
      part = new Uint8Array(PART_BYTES);
      filled = 0;
    }
  }
  if (filled > 0) yield part.subarray(0, filled);
}

export class BucketBlobs implements Blobs {
  readonly #bucket: R2Bucket;

  constructor(bucket: R2Bucket) {
    this.#bucket = bucket;
  }

  /** R2 takes a stream only when its length is known, so one that needs a second part becomes a multipart upload. */
  async put(
    name: string,
    bytes: AsyncIterable<Uint8Array> | Uint8Array,
    verify?: () => void | Promise<void>,
  ): Promise<void> {
    if (bytes instanceof Uint8Array) {
      await verify?.();
      await this.#bucket.put(name, bytes);
      return;
    }
    const parts = inParts(bytes);
    const first = await parts.next();
    const second = first.done ? first : await parts.next();
    if (second.done) {
      await verify?.();
      await this.#bucket.put(name, first.done ? new Uint8Array() : first.value);
      return;
    }
    await this.#putParts(name, [first.value ?? new Uint8Array(), second.value], parts, verify);
  }

  async #putParts(
    name: string,
    begin: readonly Uint8Array[],
    rest: AsyncIterable<Uint8Array>,
    verify: (() => void | Promise<void>) | undefined,
  ): Promise<void> {
    const upload = await this.#bucket.createMultipartUpload(name);
    const uploaded: R2UploadedPart[] = [];
    const send = async (part: Uint8Array) => {
      uploaded.push(await upload.uploadPart(uploaded.length + 1, part));
    };
    try {
      for (const part of begin) await send(part);
      for await (const part of rest) await send(part);
      await verify?.();
      await upload.complete(uploaded);
    } catch (error) {
      await upload.abort();
      throw error;
    }
  }

  async get(name: string, range?: ByteRange): Promise<ReadableStream<Uint8Array> | undefined> {
    const found = await this.#bucket.get(name, range ? { range } : {});
    return found ? (found.body as unknown as ReadableStream<Uint8Array>) : undefined;
  }

  async size(name: string): Promise<number | undefined> {
    return (await this.#bucket.head(name))?.size;
  }

  async delete(name: string): Promise<void> {
    await this.#bucket.delete(name);
  }
}
