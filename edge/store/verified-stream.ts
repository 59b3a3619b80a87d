/** Bytes that are given out only as those of their hash: their last piece comes when all of them have been hashed. */
import { createHash } from 'node:crypto';

/**
 * The same bytes, hashed on the way. Where they have not the hash, the stream ends with the error in the place of its last
 * piece: whoever was told the length, or waits for the end, has not taken them for whole.
 *
 * @param fault called where they have not the hash, for the error
 */
export function verified(
  stream: ReadableStream<Uint8Array>,
  sha256: string,
  fault: () => Error,
): ReadableStream<Uint8Array> {
  const reader = stream.getReader();
  const hash = createHash('sha256');
  let held: Uint8Array | undefined;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        for (;;) {
          const { done, value } = await reader.read();
          if (done) break;
          hash.update(value);
          const before = held;
          held = value;
          if (before) {
            controller.enqueue(before);
            return;
          }
        }
        if (hash.digest('hex') !== sha256) throw fault();
        if (held) controller.enqueue(held);
        controller.close();
      },
      async cancel(reason) {
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
