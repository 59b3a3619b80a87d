/** Fits the head of a classifier on embeddings: logistic regression, its penalty by cross-validation, its probabilities calibrated. */
import { areaUnderCurve } from '../../../shared/statistics/area-under-curve.ts';
import { fitLogistic, logOdds, type LogisticModel } from '../../../shared/statistics/logistic-regression.ts';
import { sigmoid } from '../../../shared/statistics/sigmoid.ts';
import { AlgorithmInputError } from '../algorithm-error.ts';
import { dealtParts } from './dealt-parts.ts';

const FOLDS = 5;

/** From strong to weak, each fit beginning where the one before ended. Embeddings have length 1. */
const PENALTIES = [30, 10, 3, 1, 0.3, 0.1, 0.03, 0.01] as const;

/** Of Platt's two numbers: so weak that it only keeps scores that part the labels from an endless slope. */
const CALIBRATION_PENALTY = 1e-3;

/** A penalty, and how models of it do on the folds that they were not fitted on. */
interface PenaltyScore {
  readonly penalty: number;
  /** Mean negative log-likelihood, in nats. */
  readonly logLoss: number;
  readonly areaUnderCurve: number;
}

export interface FittedClassifier {
  /** Calibration included: `sigmoid(logOdds(model, row))` is the probability of outcome 1. */
  readonly model: LogisticModel;
  readonly penalty: number;
  readonly crossValidation: readonly PenaltyScore[];
  /** Platt (1999): log-odds become slope z + intercept, fitted on what the folds' models say of rows they have not seen. */
  readonly calibration: { readonly slope: number; readonly intercept: number };
}

/**
 * All rows weigh alike: weighing the rarer label up would move every probability away from the share that the label has,
 * and the order of two texts, which is what a judge uses, hardly depends on it.
 *
 * @param rows [n][width], each of length 1
 * @param outcomes [n], 0 or 1, at least {@link FOLDS} of each
 * @param seed deals the folds; nothing else is drawn
 * @param progress called with the fits done and to do
 * @throws AlgorithmInputError where the embeddings say nothing of the labels
 */
export function fitClassifier(
  rows: readonly Float64Array[],
  outcomes: readonly number[],
  seed: number,
  progress: (done: number, total: number) => void = () => {},
): FittedClassifier {
  const fold = dealtParts(outcomes, FOLDS, seed, 'classifier-folds');
  const starts: (LogisticModel | undefined)[] = [];
  const tried = PENALTIES.map((penalty, index) => {
    const odds = outcomes.map(() => Number.NaN);
    for (let part = 0; part < FOLDS; part++) {
      const others = [...fold.keys()].filter((row) => fold[row] !== part);
      const model = fitLogistic(taken(rows, others), taken(outcomes, others), penalty, starts[part]);
      starts[part] = model;
      for (const [row, own] of rows.entries()) if (fold[row] === part) odds[row] = logOdds(model, own);
      progress(index * FOLDS + part + 1, PENALTIES.length * FOLDS);
    }
    return { penalty, odds, logLoss: logLoss(odds, outcomes) };
  });
  const best = tried.reduce((first, second) => (second.logLoss < first.logLoss ? second : first));
  const calibration = platt(best.odds, outcomes);
  const { weights, intercept } = fitLogistic(rows, outcomes, best.penalty);
  return {
    model: {
      weights: weights.map((weight) => calibration.slope * weight),
      intercept: calibration.slope * intercept + calibration.intercept,
    },
    penalty: best.penalty,
    crossValidation: tried.map(({ penalty, odds, logLoss: loss }) => ({
      penalty,
      logLoss: loss,
      areaUnderCurve: areaUnderCurve(odds, outcomes),
    })),
    calibration,
  };
}

function platt(odds: readonly number[], outcomes: readonly number[]): FittedClassifier['calibration'] {
  const scores = odds.map((value) => Float64Array.of(value));
  const { weights, intercept } = fitLogistic(scores, outcomes, CALIBRATION_PENALTY);
  const slope = weights[0] ?? Number.NaN;
  if (slope > 0) return { slope, intercept };
  throw new AlgorithmInputError(
    'the embeddings say nothing of the labels: on texts that they were not fitted on, models are no better than a coin',
    { cure: 'Check which fields make a text positive, give more texts, or take another encoder' },
  );
}

function logLoss(odds: readonly number[], outcomes: readonly number[]): number {
  const losses = odds.map((value, row) => -Math.log(sigmoid(outcomes[row] === 1 ? value : -value)));
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

function taken<Item>(items: readonly Item[], rows: readonly number[]): Item[] {
  return rows.flatMap((row) => {
    const item = items[row];
    return item === undefined ? [] : [item];
  });
}
