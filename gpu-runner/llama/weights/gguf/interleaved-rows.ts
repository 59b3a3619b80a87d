/** Puts the rows of query and key back into the order in which Hugging Face has them. */
import type { SourceMatrix } from '../weight-source.ts';

/**
 * A matrix whose rows turn in halves, (j, j + D/2), of one whose rows turn as neighbours, (2 j, 2 j + 1).
 *
 * llama.cpp stores query and key of LLaMA with row j of the first half of a head at 2 j and row j of the second at
 * 2 j + 1. Undone here, adapters trained on the model fit the Hugging Face model, too.
 */
export function undoInterleaving(matrix: SourceMatrix, headSize: number): SourceMatrix {
  const { columns } = matrix;
  const read = async (first: number, count: number): Promise<Float32Array> => {
    const begin = first - (first % headSize);
    const end = Math.ceil((first + count) / headSize) * headSize;
    const stored = await matrix.read(begin, end - begin);
    const values = new Float32Array(count * columns);
    for (let row = 0; row < count; row++) {
      const from = storedRow(first + row, headSize) - begin;
      values.set(stored.subarray(from * columns, (from + 1) * columns), row * columns);
    }
    return values;
  };
  return { ...matrix, read };
}

/** The same for a vector with an element for each row. */
export function undoInterleavingOfVector(vector: SourceMatrix, headSize: number): SourceMatrix {
  const read = async (): Promise<Float32Array> => {
    const stored = await vector.read(0, 1);
    return Float32Array.from(stored, (_, row) => stored[storedRow(row, headSize)] ?? 0);
  };
  return { ...vector, read };
}

/** Where llama.cpp has a row. */
function storedRow(row: number, headSize: number): number {
  const within = row % headSize;
  const half = headSize / 2;
  return row - within + (within < half ? 2 * within : 2 * (within - half) + 1);
}
