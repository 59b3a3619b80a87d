/** The errors of the statistics, and the checks that throw them. */

/** An argument that no statistic can be computed from (empty, NaN, out of range, of unequal length). */
export class StatisticsInputError extends Error {
  override readonly name = 'StatisticsInputError';
}

/**
 * Sound data that do not determine the statistic (no variation for a correlation, a system
 * that was never beaten for Bradley-Terry). Bootstraps count such resamples instead of failing.
 */
export class UndefinedStatisticError extends Error {
  override readonly name = 'UndefinedStatisticError';
}

/** @throws StatisticsInputError if `values` is empty or holds a number outside [minimum, maximum], or NaN */
export function requireNumbers(
  name: string,
  values: ArrayLike<number>,
  minimum = -Number.MAX_VALUE,
  maximum = Number.MAX_VALUE,
): void {
  if (values.length === 0) {
    throw new StatisticsInputError(`${name} is empty: give at least one value`);
  }
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (value === undefined || !(value >= minimum && value <= maximum)) {
      const range = minimum === -Number.MAX_VALUE ? 'finite' : `in ${minimum}..${maximum}`;
      throw new StatisticsInputError(`${name}[${index}] must be a number ${range}, got ${value}`);
    }
  }
}

/** @throws StatisticsInputError if the two do not have the same length */
export function requireSameLength(
  nameA: string,
  a: ArrayLike<unknown>,
  nameB: string,
  b: ArrayLike<unknown>,
): void {
  if (a.length !== b.length) {
    throw new StatisticsInputError(
      `${nameA} has ${a.length} values and ${nameB} has ${b.length}: they must be paired one to one`,
    );
  }
}

/** @throws StatisticsInputError if a confidence level is not inside (0, 1) */
export function requireConfidence(confidence: number): void {
  if (!(confidence > 0 && confidence < 1)) {
    throw new StatisticsInputError(`confidence must lie between 0 and 1 (0.95, say), got ${confidence}`);
  }
}

/** Null where the statistic is not determined by the data; other errors pass. */
export function definedOrNull<Result>(statistic: () => Result): Result | null {
  try {
    return statistic();
  } catch (error) {
    if (error instanceof UndefinedStatisticError) return null;
    throw error;
  }
}
