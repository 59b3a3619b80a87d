/** Numbers that belong to response tokens: a padded [rows, columns] matrix and the true length of each row. */
import { AlgorithmInputError } from '../algorithm-error.ts';

/** Which cells of a padded [rows, columns] matrix are true response tokens: row r holds `lengths[r]` of them, from column 0. */
export interface TokenShape {
  readonly rows: number;
  readonly columns: number;
  readonly lengths: ArrayLike<number>;
}

/** Number of true tokens of a row. @throws AlgorithmInputError if the row has no length or one outside 0..columns */
export function rowLength(shape: TokenShape, row: number): number {
  const length = shape.lengths[row];
  if (length === undefined || !Number.isInteger(length) || length < 0 || length > shape.columns) {
    throw new AlgorithmInputError(
      `lengths[${row}] is ${length}: a row of ${shape.columns} columns needs an integer in 0..${shape.columns}`,
    );
  }
  return length;
}

/** Calls `visit(cell, row, column)` for every true token in row-major order; padding is never visited. */
export function forEachToken(
  shape: TokenShape,
  visit: (cell: number, row: number, column: number) => void,
): void {
  for (let row = 0; row < shape.rows; row++) {
    const length = rowLength(shape, row);
    for (let column = 0; column < length; column++) visit(row * shape.columns + column, row, column);
  }
}

/** A cell's value. @throws AlgorithmInputError naming the matrix if it does not have that cell */
export function cellOf(values: ArrayLike<number>, cell: number, name: string): number {
  const value = values[cell];
  if (value === undefined) {
    throw new AlgorithmInputError(
      `${name} has ${values.length} cells, none at ${cell}: give one per [rows, columns]`,
    );
  }
  return value;
}

/** Number of true tokens of the whole matrix. */
export function tokenCount(shape: TokenShape): number {
  let count = 0;
  for (let row = 0; row < shape.rows; row++) count += rowLength(shape, row);
  return count;
}
