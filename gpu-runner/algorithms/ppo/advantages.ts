/** Generalised advantage estimation (Schulman et al. 2016) over the true tokens of each response. */
import { cellOf, rowLength, type TokenShape } from './token-matrix.ts';

export interface AdvantageSettings {
  /** How much the next token's value counts. */
  readonly gamma: number;
  /** How far temporal differences reach back: 0 the next value alone, 1 the whole return. */
  readonly gaeLambda: number;
}

export interface Advantages {
  /** A[t], [rows, columns], padding 0. */
  readonly advantages: Float64Array;
  /** Regression target of the value model, A[t] + V[t], [rows, columns], padding 0. */
  readonly returns: Float64Array;
}

/**
 * delta[t] = r[t] + gamma V[t+1] - V[t], with V = 0 after the last true token;
 * A[t] = delta[t] + gamma lambda A[t+1]; R[t] = A[t] + V[t].
 *
 * @param rewards [rows, columns]
 * @param values V of the state before each token is sampled, [rows, columns]
 */
export function estimateAdvantages(
  shape: TokenShape,
  rewards: ArrayLike<number>,
  values: ArrayLike<number>,
  settings: AdvantageSettings,
): Advantages {
  const { gamma, gaeLambda } = settings;
  const advantages = new Float64Array(shape.rows * shape.columns);
  const returns = new Float64Array(shape.rows * shape.columns);
  for (let row = 0; row < shape.rows; row++) {
    let nextAdvantage = 0;
    let nextValue = 0;
    for (let column = rowLength(shape, row) - 1; column >= 0; column--) {
      const cell = row * shape.columns + column;
      const value = cellOf(values, cell, 'values');
      const delta = cellOf(rewards, cell, 'rewards') + gamma * nextValue - value;
      nextAdvantage = delta + gamma * gaeLambda * nextAdvantage;
      nextValue = value;
      advantages[cell] = nextAdvantage;
      returns[cell] = nextAdvantage + value;
    }
  }
  return { advantages, returns };
}
