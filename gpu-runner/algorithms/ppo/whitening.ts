/** Masked whitening: padding takes no part in mean or variance (AlpacaFarm's did) and stays 0. */
import { cellOf, forEachToken, tokenCount, type TokenShape } from './token-matrix.ts';

/** Added to the variance, as in every public implementation, so that equal values do not divide by zero. */
const EPSILON = 1e-8;

/** Mean and population variance over true tokens; both 0 for a matrix without tokens. */
export function maskedMoments(
  shape: TokenShape,
  values: ArrayLike<number>,
): { readonly mean: number; readonly variance: number } {
  const count = tokenCount(shape);
  if (count === 0) return { mean: 0, variance: 0 };
  let sum = 0;
  forEachToken(shape, (cell) => {
    sum += cellOf(values, cell, 'values');
  });
  const mean = sum / count;
  let squares = 0;
  forEachToken(shape, (cell) => {
    squares += (cellOf(values, cell, 'values') - mean) ** 2;
  });
  return { mean, variance: squares / count };
}

/**
 * (x - mean) / sqrt(variance + 1e-8), with the mean added back under `keep-mean`.
 *
 * @param mode `shift-mean` gives mean 0 (advantages); `keep-mean` only scales the spread (rewards)
 */
export function whiten(
  shape: TokenShape,
  values: ArrayLike<number>,
  mode: 'shift-mean' | 'keep-mean',
): Float64Array {
  const { mean, variance } = maskedMoments(shape, values);
  const scale = 1 / Math.sqrt(variance + EPSILON);
  const offset = mode === 'keep-mean' ? mean : 0;
  const whitened = new Float64Array(shape.rows * shape.columns);
  forEachToken(shape, (cell) => {
    whitened[cell] = (cellOf(values, cell, 'values') - mean) * scale + offset;
  });
  return whitened;
}
