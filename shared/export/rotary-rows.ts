/**
 * The two orders in which checkpoints store the rows of a query or key matrix: `interleaved` (llama2.c, and llama.cpp for
 * the architecture llama) turns rows (2i, 2i + 1) of a head together, `half` (Hugging Face) rows (i, i + D/2).
 */

export type RotaryOrder = 'half' | 'interleaved';

/**
 * Where the row that belongs at `row` of the order `to` stands in the other order.
 *
 * @param headSize D, even; heads follow each other
 */
export function rowInOtherOrder(row: number, headSize: number, to: RotaryOrder): number {
  const place = row % headSize;
  const half = headSize / 2;
  const source =
    to === 'half'
      ? 2 * (place % half) + Math.floor(place / half)
      : Math.floor(place / 2) + (place % 2) * half;
  return row - place + source;
}

/** A matrix of rows of `rowBytes` in the order `to`, from the other one. */
export function reorderRows(
  matrix: Uint8Array,
  rowBytes: number,
  headSize: number,
  to: RotaryOrder,
): Uint8Array {
  const result = new Uint8Array(matrix.length);
  for (let row = 0; row * rowBytes < matrix.length; row++) {
    const from = rowInOtherOrder(row, headSize, to) * rowBytes;
    result.set(matrix.subarray(from, from + rowBytes), row * rowBytes);
  }
  return result;
}
