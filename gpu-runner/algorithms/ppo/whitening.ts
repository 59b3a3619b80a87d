/** Masked whitening: padding takes no part in mean or variance, unless parity with AlpacaFarm is asked for, and stays 0. */
import { cellOf, forEachToken, tokenCount, type TokenShape } from './token-matrix.ts';

/** Added to the variance, as in every public implementation, so that equal values do not divide by zero. */
const EPSILON = 1e-8;

/**
 * Mean and population variance over true tokens; both 0 for a matrix without tokens.
 *
 * @param cells how many cells count where padding does, as AlpacaFarm has it: rows x the longest response allowed, those
 *   without a token as zeros; null masks padding
 */
export function maskedMoments(
  shape: TokenShape,
  values: ArrayLike<number>,
  cells: number | null = null,
): { readonly mean: number; readonly variance: number } {
  const tokens = tokenCount(shape);
  const count = cells ?? tokens;
  if (count < tokens) throw new RangeError(`${count} cells cannot hold ${tokens} tokens`);
  if (count === 0) return { mean: 0, variance: 0 };
  let sum = 0;
  forEachToken(shape, (cell) => {
    sum += cellOf(values, cell, 'values');
  });
  const mean = sum / count;
  let squares = (count - tokens) * mean ** 2;
  forEachToken(shape, (cell) => {
    squares += (cellOf(values, cell, 'values') - mean) ** 2;
  });
  return { mean, variance: squares / count };
}

/**
 * (x - mean) / sqrt(variance + 1e-8), with the mean added back under `keep-mean`.
 *
 * @param mode `shift-mean` gives mean 0 (advantages); `keep-mean` only scales the spread (rewards)
 * @param cells see maskedMoments
 */
export function whiten(
  shape: TokenShape,
  values: ArrayLike<number>,
  mode: 'shift-mean' | 'keep-mean',
  cells: number | null = null,
): Float64Array {
  const { mean, variance } = maskedMoments(shape, values, cells);
  const scale = 1 / Math.sqrt(variance + EPSILON);
  const offset = mode === 'keep-mean' ? mean : 0;
  const whitened = new Float64Array(shape.rows * shape.columns);
  forEachToken(shape, (cell) => {
    whitened[cell] = (cellOf(values, cell, 'values') - mean) * scale + offset;
  });
  return whitened;
}
