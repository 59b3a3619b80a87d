/** Answers of many rows: JSON lines, read only as fast as they are taken. */

/** @param format of some rows: lines with their ends */
export function linesOf<Row>(
  chunks: AsyncGenerator<readonly Row[]>,
  format: (rows: readonly Row[]) => string,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(format(value)));
    },
    async cancel() {
      await chunks.return(undefined);
    },
  });
}
