/** Are probabilities right: Brier score and expected calibration error. */
import { requireNumbers, requireSameLength, StatisticsInputError } from './errors.ts';

/**
 * Brier score, mean (probability - outcome)^2: 0 is perfect, 0.25 is what a constant 1/2 earns.
 *
 * @param outcomes 0 or 1 (or soft labels in between)
 * @throws StatisticsInputError on empty, unequal or out-of-range input
 */
export function brierScore(probabilities: readonly number[], outcomes: readonly number[]): number {
  requireProbabilities(probabilities, outcomes);
  return (
    probabilities.reduce((sum, probability, row) => sum + (probability - (outcomes[row] ?? 0)) ** 2, 0) /
    probabilities.length
  );
}

/** One bin of a reliability diagram. */
interface CalibrationBin {
  readonly lower: number;
  readonly upper: number;
  readonly n: number;
  readonly meanProbability: number;
  readonly meanOutcome: number;
}

/** Expected calibration error and the bins it was computed from (empty bins left out). */
export interface Calibration {
  readonly n: number;
  readonly expectedCalibrationError: number;
  readonly bins: readonly CalibrationBin[];
}

/**
 * ECE over equally wide bins [lower, upper) (the last one closed): sum over bins of n_b/n |mean outcome - mean probability|.
 *
 * @throws StatisticsInputError on empty, unequal or out-of-range input, or fewer than one bin
 */
export function calibration(
  probabilities: readonly number[],
  outcomes: readonly number[],
  binCount = 10,
): Calibration {
  requireProbabilities(probabilities, outcomes);
  if (!Number.isInteger(binCount) || binCount < 1) {
    throw new StatisticsInputError(`binCount must be a positive integer, got ${binCount}`);
  }
  const n = probabilities.length;
  const bins = Array.from({ length: binCount }, (_, bin) => {
    const rows = [...probabilities.keys()].filter(
      (row) => Math.min(binCount - 1, Math.floor((probabilities[row] ?? 0) * binCount)) === bin,
    );
    const average = (values: readonly number[]) =>
      rows.reduce((sum, row) => sum + (values[row] ?? 0), 0) / rows.length;
    return {
      lower: bin / binCount,
      upper: (bin + 1) / binCount,
      n: rows.length,
      meanProbability: average(probabilities),
      meanOutcome: average(outcomes),
    };
  }).filter((bin) => bin.n > 0);
  return {
    n,
    expectedCalibrationError: bins.reduce(
      (sum, bin) => sum + (bin.n / n) * Math.abs(bin.meanOutcome - bin.meanProbability),
      0,
    ),
    bins,
  };
}

function requireProbabilities(probabilities: readonly number[], outcomes: readonly number[]): void {
  requireNumbers('probabilities', probabilities, 0, 1);
  requireNumbers('outcomes', outcomes, 0, 1);
  requireSameLength('probabilities', probabilities, 'outcomes', outcomes);
}
