/** Newton-Schulz inside a graph against the same in float64, and against what it is for: singular values near 1. */
import { describe, expect, it } from 'vitest';
import { nearlyOrthogonal } from '../../../gpu-runner/tensor/orthogonal.ts';
import { Draws, hostTensor, numbers, runOnce, testSeed } from './engine.ts';

type Rows = readonly Float64Array[];

const transposed = (m: Rows): Rows =>
  Array.from({ length: m[0]?.length ?? 0 }, (_, column) => Float64Array.from(m, (row) => row[column] ?? 0));

/** A B^T. */
const product = (a: Rows, b: Rows): Rows =>
  a.map((row) => Float64Array.from(b, (other) => row.reduce((sum, x, k) => sum + x * (other[k] ?? 0), 0)));

/** By the polynomial's definition, on the whole matrix without turning it. */
function reference(matrix: Rows): Rows {
  const norm = Math.sqrt(matrix.reduce((sum, row) => sum + row.reduce((all, x) => all + x * x, 0), 0));
  let x: Rows = matrix.map((row) => row.map((value) => value / (norm + 1e-7)));
  for (let round = 0; round < 5; round++) {
    const once = product(product(x, x), transposed(x));
    const twice = product(product(x, x), transposed(once));
    x = x.map((row, i) =>
      row.map((value, j) => 3.4445 * value - 4.775 * (once[i]?.[j] ?? 0) + 2.0315 * (twice[i]?.[j] ?? 0)),
    );
  }
  return x;
}

describe(`an orthogonal update (RLCD_TEST_SEED=${testSeed})`, () => {
  it.each([
    [24, 24],
    [16, 40],
    [40, 16],
  ])('of %i x %i is the polynomial in float64, and its singular values are near 1', async (rows, columns) => {
    const draws = new Draws(testSeed + rows);
    const matrix = draws.array([rows, columns]);
    const results = await runOnce(
      (graph) => ({ x: nearlyOrthogonal(graph.input('m', 'float32', [rows, columns])) }),
      { m: hostTensor('float32', matrix) },
    );
    const found = numbers(results['x']);
    const cut = (values: ArrayLike<number>): Rows =>
      Array.from({ length: rows }, (_, row) =>
        Float64Array.from(Array.from(values).slice(row * columns, (row + 1) * columns)),
      );
    const expected = reference(cut(Float32Array.from(matrix.data)));
    found.forEach((value, index) => {
      expect(value).toBeCloseTo(expected[Math.floor(index / columns)]?.[index % columns] ?? Number.NaN, 4);
    });
    // |X^T u| of a unit vector u of the shorter side lies between the least and the largest singular value.
    const short = rows <= columns ? cut(found) : transposed(cut(found));
    for (let trial = 0; trial < 50; trial++) {
      const u = Array.from({ length: short.length }, () => draws.normal());
      const length = Math.hypot(...u);
      const image = transposed(short).map((column) => column.reduce((sum, x, k) => sum + x * (u[k] ?? 0), 0));
      expect(Math.hypot(...image) / length).toBeGreaterThan(0.6);
      expect(Math.hypot(...image) / length).toBeLessThan(1.25);
    }
  });
});
