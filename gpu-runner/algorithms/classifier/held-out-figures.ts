/** What a classifier is worth on texts that it was not fitted on, beside what their length alone would tell. */
import type { HeldOutFigures } from '../../../shared/classifier/classifier-report.ts';
import { areaUnderCurve } from '../../../shared/statistics/area-under-curve.ts';
import { bootstrapInterval } from '../../../shared/statistics/bootstrap.ts';
import { brierScore, calibration } from '../../../shared/statistics/calibration.ts';
import { fitLogistic, logOdds } from '../../../shared/statistics/logistic-regression.ts';
import { wilsonInterval } from '../../../shared/statistics/wilson-interval.ts';

/** Texts by their lengths in characters and their labels, 0 or 1. */
interface Lengths {
  readonly lengths: readonly number[];
  readonly outcomes: readonly number[];
}

/**
 * @param probabilities of outcome 1, one for each held-out text
 * @param train what the rule by length is fitted on
 * @param seed of the bootstrap of the area under the curve
 */
export function heldOutFigures(
  probabilities: readonly number[],
  heldOut: Lengths,
  train: Lengths,
  seed: number,
): HeldOutFigures {
  const { outcomes } = heldOut;
  const n = outcomes.length;
  const right = rightOf(probabilities, outcomes);
  const positive = outcomes.filter((outcome) => outcome === 1).length;
  const at = (values: readonly number[], rows: Uint32Array) => Array.from(rows, (row) => values[row] ?? 0);
  const curve = bootstrapInterval(n, (rows) => areaUnderCurve(at(probabilities, rows), at(outcomes, rows)), {
    seed,
  });
  return {
    n,
    positiveShare: positive / n,
    accuracy: right / n,
    accuracyInterval: wilsonInterval(right, n),
    commonerLabelAccuracy: Math.max(positive, n - positive) / n,
    areaUnderCurve: areaUnderCurve(probabilities, outcomes),
    areaUnderCurveInterval: { lower: curve.lower, upper: curve.upper, confidence: curve.confidence },
    brierScore: brierScore(probabilities, outcomes),
    expectedCalibrationError: calibration(probabilities, outcomes).expectedCalibrationError,
    lengthAlone: byLength(heldOut, train),
  };
}

/** Logistic regression on the logarithm of the length, fitted where the classifier was. */
function byLength(heldOut: Lengths, train: Lengths): HeldOutFigures['lengthAlone'] {
  const features = ({ lengths }: Lengths) => lengths.map((length) => Float64Array.of(Math.log1p(length)));
  const model = fitLogistic(features(train), train.outcomes, 1e-3);
  const odds = features(heldOut).map((row) => logOdds(model, row));
  const right = rightOf(
    odds.map((value) => (value > 0 ? 1 : 0)),
    heldOut.outcomes,
  );
  return {
    accuracy: right / heldOut.outcomes.length,
    areaUnderCurve: areaUnderCurve(odds, heldOut.outcomes),
  };
}

const rightOf = (probabilities: readonly number[], outcomes: readonly number[]): number =>
  probabilities.filter((probability, row) => probability > 0.5 === (outcomes[row] === 1)).length;
