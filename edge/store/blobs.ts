/** Where artifact bytes lie: R2 under the Worker, files under Node. */

export interface ByteRange {
  /** First byte, from 0. */
  readonly offset: number;
  readonly length: number;
}

export interface Blobs {
  /**
   * Stores the bytes under a name, whole or not at all, replacing what was there; holds a few MiB at a time.
   *
   * @param verify called after the last byte was read and before the name changes; throwing keeps the name as it was
   */
  put(
    name: string,
    bytes: AsyncIterable<Uint8Array> | Uint8Array,
    verify?: () => void | Promise<void>,
  ): Promise<void>;
  /** The bytes, or a part of them; undefined where there is no such name. */
  get(name: string, range?: ByteRange): Promise<ReadableStream<Uint8Array> | undefined>;
  /** Size in bytes; undefined where there is no such name. */
  size(name: string): Promise<number | undefined>;
  /** Does nothing where there is no such name. */
  delete(name: string): Promise<void>;
}

/** The bytes of a stream as they come: not every runtime iterates over a stream by itself. */
export async function* chunksOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel();
  }
}
