/** Several matrices as one tensor, as families store them that multiply by all at once. */
import type { Rows } from './merged-tensors.ts';

export type PlacedRows = Rows & { readonly firstRow: number };

/** One tensor of several, their rows one after another; any order of the parts. */
export function joinRows(parts: readonly PlacedRows[]): Rows {
  const [only, ...others] = parts;
  if (only !== undefined && others.length === 0) return only;
  const columns = only?.shape[1] ?? 0;
  const rowsInAll = parts.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
  return {
    shape: [rowsInAll, columns],
    rows: async (first, count) => {
      const values = new Float32Array(count * columns);
      for (const { firstRow, shape, rows } of parts) {
        const from = Math.max(first, firstRow);
        const to = Math.min(first + count, firstRow + (shape[0] ?? 0));
        if (from < to) values.set(await rows(from - firstRow, to - from), (from - first) * columns);
      }
      return values;
    },
  };
}
