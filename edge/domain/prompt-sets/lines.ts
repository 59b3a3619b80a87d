/** The lines of a stream of bytes, one at a time. */

/** Also the limit of one row: with its hash and its JSON escapes it stays below what the store takes in a value. */
const MAXIMUM_LINE_BYTES = 400_000;
const NEWLINE = 0x0a;

/** A line without its newline; null: it is longer than {@link MAXIMUM_LINE_BYTES} and was skipped. */
type Line = Uint8Array | null;

export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  let parts: Uint8Array[] = [];
  let bytes = 0;
  const add = (part: Uint8Array) => {
    bytes += part.length;
    // What is over the limit is counted and not kept.
    if (bytes <= MAXIMUM_LINE_BYTES) parts.push(part);
  };
  const take = (): Line => {
    const line = bytes > MAXIMUM_LINE_BYTES ? null : Buffer.concat(parts);
    parts = [];
    bytes = 0;
    return line;
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      add(chunk.subarray(start, end));
      yield take();
      start = end + 1;
    }
    add(chunk.subarray(start));
  }
  if (bytes > 0) yield take();
}
