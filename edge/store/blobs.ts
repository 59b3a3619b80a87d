/** Where artifact bytes lie: R2 under the Worker, files under Node. */

export interface ByteRange {
  /** First byte, from 0. */
  readonly offset: number;
  readonly length: number;
}

export interface Blobs {
  /** Stores the bytes under a name, whole or not at all, replacing what was there. */
  put(name: string, bytes: ReadableStream<Uint8Array> | Uint8Array): Promise<void>;
  /** The bytes, or a part of them; undefined where there is no such name. */
  get(name: string, range?: ByteRange): Promise<ReadableStream<Uint8Array> | undefined>;
  /** Size in bytes; undefined where there is no such name. */
  size(name: string): Promise<number | undefined>;
  /** Does nothing where there is no such name. */
  delete(name: string): Promise<void>;
}
