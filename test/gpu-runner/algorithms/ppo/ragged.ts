/** Test helper: ragged rows to padded matrices (with garbage in the padding, which must never matter) and back. */
import type { TokenShape } from '../../../../gpu-runner/algorithms/ppo/token-matrix.ts';
import type { Ragged } from '../../../oracle/ppo.ts';

export function shapeOf(rows: Ragged, extraColumns = 2): TokenShape {
  return {
    rows: rows.length,
    columns: Math.max(...rows.map((row) => row.length)) + extraColumns,
    lengths: rows.map((row) => row.length),
  };
}

export function pad(rows: Ragged, shape: TokenShape, padding = 1e6): Float64Array {
  return Float64Array.from({ length: shape.rows * shape.columns }, (_, cell) => {
    const row = rows[Math.floor(cell / shape.columns)] ?? [];
    return row[cell % shape.columns] ?? padding;
  });
}

export function unpad(values: ArrayLike<number>, shape: TokenShape): Ragged {
  return Array.from({ length: shape.rows }, (_, row) =>
    Array.from(
      { length: shape.lengths[row] ?? 0 },
      (_, column) => values[row * shape.columns + column] ?? Number.NaN,
    ),
  );
}

/** The padding cells of a matrix. */
export function paddingOf(values: ArrayLike<number>, shape: TokenShape): number[] {
  const cells: number[] = [];
  for (let row = 0; row < shape.rows; row++) {
    for (let column = shape.lengths[row] ?? 0; column < shape.columns; column++) {
      cells.push(values[row * shape.columns + column] ?? Number.NaN);
    }
  }
  return cells;
}
