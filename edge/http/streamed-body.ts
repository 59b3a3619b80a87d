/** A request body that is read once as a stream: counted against its limit and hashed on the way. */
import { createHash } from 'node:crypto';
import { ProblemError } from './problem.ts';

export class StreamedBody {
  readonly #source: ReadableStream<Uint8Array> | null;
  readonly #maximumBytes: number;
  readonly #hash = createHash('sha256');
  #started = false;
  #sha256: string | undefined;
  #bytes = 0;

  constructor(source: ReadableStream<Uint8Array> | null, maximumBytes: number) {
    this.#source = source;
    this.#maximumBytes = maximumBytes;
  }

  /** Bytes read so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** SHA-256 of the whole body, hexadecimal. @throws Error before the body was read to its end */
  get sha256(): string {
    if (this.#sha256 === undefined) throw new Error('the body was not read to its end');
    return this.#sha256;
  }

  /**
   * The bytes as they come; can be read once.
   *
   * @throws ProblemError 413 beyond the limit, 400 where the sender breaks off
   */
  async *chunks(): AsyncGenerator<Uint8Array> {
    if (this.#started) throw new Error('the body was read before');
    this.#started = true;
    const reader = (this.#source ?? new Blob().stream()).getReader();
    for (;;) {
      const { done, value } = await reader.read().catch(() => {
        throw new ProblemError(
          'incomplete-body',
          'The connection broke before the body ended; send it again',
        );
      });
      if (done) break;
      this.#bytes += value.byteLength;
      if (this.#bytes > this.#maximumBytes) throw tooLarge(this.#maximumBytes);
      this.#hash.update(value);
      yield value;
    }
    this.#sha256 = this.#hash.digest('hex');
  }

  /** Reads what is left, for its hash alone. */
  async drain(): Promise<void> {
    if (this.#sha256 !== undefined) return;
    const chunks = this.chunks();
    while (!(await chunks.next()).done);
  }
}

export function tooLarge(maximumBytes: number): ProblemError {
  return new ProblemError(
    'too-large',
    `The body may have ${maximumBytes} bytes; large artifacts go in parts: POST /v1/uploads`,
  );
}
