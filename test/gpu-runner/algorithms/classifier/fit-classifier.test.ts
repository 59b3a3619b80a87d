/** The head of a classifier: which rows its folds have, which penalty it takes, and that its probabilities are right. */
import { describe, expect, it } from 'vitest';
import { dealtParts } from '../../../../gpu-runner/algorithms/classifier/dealt-parts.ts';
import { fitClassifier } from '../../../../gpu-runner/algorithms/classifier/fit-classifier.ts';
import { heldOutFigures } from '../../../../gpu-runner/algorithms/classifier/held-out-figures.ts';
import { normal, uniform } from '../../../../shared/random.ts';
import { fitLogistic, logOdds } from '../../../../shared/statistics/logistic-regression.ts';
import { sigmoid } from '../../../../shared/statistics/sigmoid.ts';

/** Rows of length 1, whose labels follow a direction by known odds. */
function rowsOf(count: number, seed: number, strength: number) {
  const rows = Array.from({ length: count }, (_, row) => {
    const raw = Float64Array.from({ length: 16 }, (_unused, place) => normal(seed, row, place));
    const length = Math.hypot(...raw);
    return raw.map((value) => value / length);
  });
  const odds = rows.map((row) => strength * (row[0] ?? 0) - 1);
  const outcomes = odds.map((value, row) => Number(uniform(seed, 100_000 + row, 0) < sigmoid(value)));
  return { rows, odds, outcomes };
}

describe('dealtParts', () => {
  it.each([1, 2, 3, 4])('gives every part its share of both labels, seed %i', (seed) => {
    const { outcomes } = rowsOf(83 + seed, seed, 4);
    const part = dealtParts(outcomes, 5, seed, 'classifier-folds');
    for (const label of [0, 1]) {
      const counts = [0, 1, 2, 3, 4].map(
        (one) => outcomes.filter((outcome, row) => outcome === label && part[row] === one).length,
      );
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }
    expect(dealtParts(outcomes, 5, seed, 'classifier-folds')).toEqual(part);
    expect(dealtParts(outcomes, 5, seed + 1, 'classifier-folds')).not.toEqual(part);
    expect(dealtParts(outcomes, 5, seed, 'classifier-held-out')).not.toEqual(part);
  });
});

describe('fitClassifier', () => {
  it('takes the penalty of the least loss on rows that a fold has not seen, and Platt on top', () => {
    const { rows, outcomes } = rowsOf(600, 1, 12);
    const fit = fitClassifier(rows, outcomes, 1);
    const losses = fit.crossValidation.map(({ logLoss }) => logLoss);
    expect(fit.crossValidation[losses.indexOf(Math.min(...losses))]?.penalty).toBe(fit.penalty);
    // By hand, of the first fold: the loss that the table's mean is made of.
    const part = dealtParts(outcomes, 5, 1, 'classifier-folds');
    let loss = 0;
    for (let fold = 0; fold < 5; fold++) {
      const model = fitLogistic(
        rows.filter((_, row) => part[row] !== fold),
        outcomes.filter((_, row) => part[row] !== fold),
        fit.penalty,
      );
      for (const [row, own] of rows.entries()) {
        if (part[row] === fold)
          loss -= Math.log(sigmoid((outcomes[row] === 1 ? 1 : -1) * logOdds(model, own)));
      }
    }
    expect(loss / rows.length).toBeCloseTo(Math.min(...losses), 7);
    const plain = fitLogistic(rows, outcomes, fit.penalty);
    for (const row of rows.slice(0, 20)) {
      const expected = fit.calibration.slope * logOdds(plain, row) + fit.calibration.intercept;
      expect(logOdds(fit.model, row)).toBeCloseTo(expected, 10);
    }
  });

  it('gives probabilities that are right on rows that it has not seen', () => {
    const { rows, odds, outcomes } = rowsOf(4000, 2, 12);
    const fit = fitClassifier(rows.slice(0, 2000), outcomes.slice(0, 2000), 1);
    const differences = rows
      .slice(2000)
      .map((row, index) => Math.abs(sigmoid(logOdds(fit.model, row)) - sigmoid(odds[2000 + index] ?? 0)));
    expect(differences.reduce((sum, value) => sum + value, 0) / 2000).toBeLessThan(0.03);
  });

  it('refuses embeddings that say nothing of the labels', () => {
    const { rows } = rowsOf(60, 5, 0);
    const outcomes = rows.map((_, row) => row % 2);
    expect(() => fitClassifier(rows, outcomes, 3)).toThrow(
      /the embeddings say nothing of the labels.*Check which fields make a text positive/,
    );
  });
});

describe('heldOutFigures', () => {
  it('tells what is right, what the commoner label and length alone reach', () => {
    const outcomes = [0, 0, 0, 0, 0, 0, 1, 1, 1, 1];
    const probabilities = [0.1, 0.2, 0.1, 0.3, 0.6, 0.2, 0.9, 0.8, 0.7, 0.4];
    const lengths = outcomes.map((outcome, row) => 10 + row + 100 * outcome);
    const of = { lengths, outcomes };
    const figures = heldOutFigures(probabilities, of, of, 1);
    expect(figures).toMatchObject({
      n: 10,
      positiveShare: 0.4,
      accuracy: 0.8,
      commonerLabelAccuracy: 0.6,
      lengthAlone: { accuracy: 1, areaUnderCurve: 1 },
    });
    // 24 pairs, one of them the wrong way round: 0.4 below 0.6.
    expect(figures.areaUnderCurve).toBeCloseTo(23 / 24, 12);
    expect(figures.areaUnderCurveInterval.lower).toBeLessThan(23 / 24);
    expect(figures.brierScore).toBeCloseTo(0.105, 12);
    // Shorter texts of the other label: the rule by length has its sign from the texts that it was fitted on.
    const turned = { lengths: lengths.map((length) => 200 - length), outcomes };
    expect(heldOutFigures(probabilities, turned, of, 1).lengthAlone.areaUnderCurve).toBe(0);
  });
});
