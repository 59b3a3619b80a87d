/** Held-out evaluation of preference scores, by hand. */
import { describe, expect, it } from 'vitest';
import {
  evaluateScores,
  type ScoredPair,
} from '../../../../gpu-runner/algorithms/preference-model/evaluate-scores.ts';
import { uniform } from '../../../../shared/random.ts';

function pair(margin: number, gap: number, labelProbability = 1, source = 'simulated'): ScoredPair {
  return {
    chosenScore: margin + 1,
    rejectedScore: 1,
    labelProbability,
    chosenTokens: 20 + gap,
    rejectedTokens: 20,
    source,
  };
}

describe('evaluation of preference scores', () => {
  it('counts agreement with the label, half for equal scores, and what length alone would reach', () => {
    const report = evaluateScores([pair(2, 5), pair(-1, -5), pair(0, 3), pair(1, -1)], 3);
    expect(report.n).toBe(4);
    expect(report.accuracy).toBe((1 + 0 + 0.5 + 1) / 4);
    expect(report.lengthOnlyAccuracy).toBe(0.5);
    expect(report.meanMargin).toBe(0.5);
    expect(report.meanChosenScore).toBe(1.5);
    expect(report.meanRejectedScore).toBe(1);
    expect(report.accuracyInterval.lower).toBeLessThan(0.625);
    // Whichever side stands first, (p - outcome)^2 is sigmoid(-margin)^2 for a hard label.
    const expected = [2, -1, 0, 1].reduce((sum, margin) => sum + (1 / (1 + Math.exp(margin))) ** 2, 0) / 4;
    expect(report.brier).toBeCloseTo(expected, 12);
  });

  it('a label below one half turns the pair round', () => {
    expect(evaluateScores([pair(-2, 0, 0.1), pair(-2, 0, 0.9)], 1).accuracy).toBe(0.5);
  });

  it('splits by quarters of the length gap', () => {
    const pairs = Array.from({ length: 8 }, (_, index) => pair(index < 4 ? -1 : 1, index));
    const { accuracyByLengthGap } = evaluateScores(pairs, 1);
    expect(accuracyByLengthGap.map(({ n, accuracy }) => [n, accuracy])).toEqual([
      [2, 0],
      [2, 0],
      [2, 1],
      [2, 1],
    ]);
    expect(accuracyByLengthGap.map(({ lower, upper }) => [lower, upper])).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
      [6, 7],
    ]);
    const equal = evaluateScores([pair(1, 2), pair(1, 2)], 1).accuracyByLengthGap;
    expect(equal).toEqual([{ lower: 2, upper: 2, n: 2, accuracy: 1 }]);
  });

  it('N+3 tells accuracy by how sure the labels are and by where the pairs came from', () => {
    const report = evaluateScores(
      [
        pair(1, 0, 0.55),
        pair(-1, 0, 0.55),
        pair(1, 0, 0.2),
        pair(1, 0, 1, 'human'),
        pair(1, 0, 0.9),
        pair(-1, 0, 0, 'human'),
      ],
      1,
    );
    expect(report.accuracyByConfidence).toEqual([
      { lower: 0, upper: 0.25, n: 2, accuracy: 0.5 },
      { lower: 0.5, upper: 0.75, n: 1, accuracy: 0 },
      { lower: 0.75, upper: 1, n: 3, accuracy: 1 },
    ]);
    expect(report.accuracyBySource).toEqual([
      { source: 'human', n: 2, accuracy: 1 },
      { source: 'simulated', n: 4, accuracy: 0.5 },
    ]);
  });

  it('is calibrated on scores whose label was drawn from them, and says so of overconfident ones', () => {
    const drawn = Array.from({ length: 4000 }, (_, index) => {
      const margin = 4 * (uniform(5, 1, index) - 0.5);
      const better = uniform(5, 2, index) < 1 / (1 + Math.exp(-margin));
      return pair(margin, 0, better ? 1 : 0);
    });
    expect(evaluateScores(drawn, 2).calibration.expectedCalibrationError).toBeLessThan(0.03);
    const sure = drawn.map((one) => pair(10 * (one.chosenScore - 1), 0, one.labelProbability));
    expect(evaluateScores(sure, 2).calibration.expectedCalibrationError).toBeGreaterThan(0.1);
  });
});
