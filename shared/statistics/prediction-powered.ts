/** A mean that people gave for some rows and a judge for all: what the judge knows makes the people's mean surer, and its errors cancel. */
import { bootstrapInterval } from './bootstrap.ts';
import { StatisticsInputError, UndefinedStatisticError } from './errors.ts';
import type { Interval } from './interval.ts';

export interface JudgedRow {
  /** Rows of one cluster are resampled together. */
  readonly cluster: string;
  /** What the judge says, in 0..1. */
  readonly judged: number;
  /** What people say; null where nobody was asked. */
  readonly labelled: number | null;
}

export interface PredictionPowered {
  readonly mean: number;
  readonly interval: Interval;
  readonly labelled: number;
  /** How far the judge is followed where people said nothing: 0, and the mean is the people's alone, to 1. */
  readonly weight: number;
}

const RESAMPLES = 1000;
const SEED = 1;

/**
 * Prediction-powered inference with its weight tuned (Angelopoulos, Duchi and Zrnic 2023, PPI++): with P what people and J
 * what the judge says, n rows labelled and N others,
 *
 *   mean = mean_n(P) + w (mean_N(J) - mean_n(J)),   w = Cov_n(P, J) / ((1 + n / N) Var(J)), within 0..1,
 *
 * which estimates what people would say of all rows whatever the judge is worth, as long as the labelled rows are like the
 * others. The interval is a percentile bootstrap over clusters, the weight estimated anew in each resample.
 *
 * @throws StatisticsInputError without a labelled row
 */
export function predictionPowered(rows: readonly JudgedRow[]): PredictionPowered {
  const labelled = rows.filter((row) => row.labelled !== null).length;
  if (labelled === 0) throw new StatisticsInputError('a prediction-powered mean needs a labelled row');
  const clusters = [...Map.groupBy(rows, ({ cluster }) => cluster).values()];
  const all = estimate(rows);
  const { lower, upper, confidence } = bootstrapInterval(
    clusters.length,
    (drawn) => estimate(Array.from(drawn).flatMap((cluster) => clusters[cluster] ?? [])).mean,
    { seed: SEED, resamples: RESAMPLES },
  );
  return { ...all, interval: { lower, upper, confidence }, labelled };
}

/** @throws UndefinedStatisticError where no row is labelled */
function estimate(rows: readonly JudgedRow[]): { readonly mean: number; readonly weight: number } {
  let [n, sumP, sumJ, sumPJ] = [0, 0, 0, 0];
  let [others, sumOther, sumSquares, sumAll] = [0, 0, 0, 0];
  for (const { judged, labelled } of rows) {
    sumAll += judged;
    sumSquares += judged * judged;
    if (labelled === null) {
      others += 1;
      sumOther += judged;
      continue;
    }
    n += 1;
    sumP += labelled;
    sumJ += judged;
    sumPJ += labelled * judged;
  }
  if (n === 0) throw new UndefinedStatisticError('no row of the resample is labelled');
  const peoples = sumP / n;
  if (others === 0) return { mean: peoples, weight: 0 };
  const variance = sumSquares / rows.length - (sumAll / rows.length) ** 2;
  const covariance = sumPJ / n - peoples * (sumJ / n);
  const tuned = variance <= 0 ? 0 : covariance / ((1 + n / others) * variance);
  const weight = Math.min(1, Math.max(0, tuned));
  return { mean: peoples + weight * (sumOther / others - sumJ / n), weight };
}
