/** Solves small symmetric positive definite systems. */
import { UndefinedStatisticError } from './errors.ts';

/** The Cholesky factor L [n, n] (row-major, lower) of A [n, n]: A = L L^T. @throws UndefinedStatisticError if A is singular */
function choleskyFactor(matrix: Float64Array, n: number): Float64Array {
  const factor = new Float64Array(n * n);
  const at = (row: number, column: number) => factor[row * n + column] ?? 0;
  for (let row = 0; row < n; row++) {
    for (let column = 0; column <= row; column++) {
      let sum = matrix[row * n + column] ?? 0;
      for (let k = 0; k < column; k++) sum -= at(row, k) * at(column, k);
      if (row !== column) {
        factor[row * n + column] = sum / at(column, column);
      } else if (sum > 1e-12 * Math.abs(matrix[row * n + row] ?? 0)) {
        factor[row * n + row] = Math.sqrt(sum);
      } else {
        throw new UndefinedStatisticError(
          'the data do not determine the coefficients (singular information matrix)',
        );
      }
    }
  }
  return factor;
}

/** x [n] with A x = b, for a symmetric positive definite A [n, n] (row-major). @throws UndefinedStatisticError if A is singular */
export function solveSymmetric(matrix: Float64Array, right: Float64Array): Float64Array {
  const n = right.length;
  const factor = choleskyFactor(matrix, n);
  const x = Float64Array.from(right);
  for (let row = 0; row < n; row++) {
    for (let k = 0; k < row; k++) x[row] = (x[row] ?? 0) - (factor[row * n + k] ?? 0) * (x[k] ?? 0);
    x[row] = (x[row] ?? 0) / (factor[row * n + row] ?? 0);
  }
  for (let row = n - 1; row >= 0; row--) {
    for (let k = row + 1; k < n; k++) x[row] = (x[row] ?? 0) - (factor[k * n + row] ?? 0) * (x[k] ?? 0);
    x[row] = (x[row] ?? 0) / (factor[row * n + row] ?? 0);
  }
  return x;
}
