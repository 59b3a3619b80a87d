/** Blobs in an R2 bucket. */
import type { R2Bucket } from '@cloudflare/workers-types';
import type { Blobs, ByteRange } from '../store/blobs.ts';

/** R2 takes a stream only when its length is known; a longer one than this must come as a multipart upload. */
export class BucketBlobs implements Blobs {
  readonly #bucket: R2Bucket;

  constructor(bucket: R2Bucket) {
    this.#bucket = bucket;
  }

  async put(name: string, bytes: ReadableStream<Uint8Array> | Uint8Array): Promise<void> {
    const whole = bytes instanceof Uint8Array ? bytes : await new Response(bytes).bytes();
    await this.#bucket.put(name, whole);
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
