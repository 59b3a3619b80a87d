/** Matrices made nearly orthogonal inside a graph: the update of Muon (Jordan et al., 2024). */
import { GraphError } from './errors.ts';
import type { Value } from './graph.ts';
import * as ops from './operators.ts';

/** p(x) = a x + b x^3 + c x^5 takes every singular value in (0, 1] into 0.7 to 1.2 within {@link ITERATIONS} rounds. */
const [A, B, C] = [3.4445, -4.775, 2.0315];
const ITERATIONS = 5;
const EPSILON = 1e-7;

/**
 * X of the singular vectors of a matrix, with singular values near 1: X_0 = M / |M|, X_(k+1) = a X + (b S + c S^2) X with
 * S = X X^T, by the shorter side.
 *
 * @param matrix [rows, columns], both known
 * @returns [rows, columns]
 */
export function nearlyOrthogonal(matrix: Value): Value {
  const [rows, columns] = matrix.shape;
  if (typeof rows !== 'number' || typeof columns !== 'number' || matrix.shape.length !== 2)
    throw new GraphError('Only a matrix of known shape can be made orthogonal');
  const norm = ops.sqrt(ops.reduceSum(ops.multiply(matrix, matrix)));
  let x = ops.divide(rows > columns ? ops.transpose(matrix, [1, 0]) : matrix, ops.add(norm, EPSILON));
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const square = ops.matMul(x, x, { transposeB: true });
    const mixed = ops.add(ops.multiply(square, B), ops.multiply(ops.matMul(square, square), C));
    x = ops.add(ops.multiply(x, A), ops.matMul(mixed, x));
  }
  return rows > columns ? ops.transpose(x, [1, 0]) : x;
}
