import { array, assert, double, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  familiarityWarnings,
  probabilityAgainstBase,
  probabilityOfFirst,
  SCORER_FORMAT,
  type Calibration,
} from '../../../shared/scoring/calibration.ts';

const calibration: Calibration = {
  format: SCORER_FORMAT,
  slope: 2,
  baseQuantiles: Array.from({ length: 101 }, (_, percent) => percent / 50 - 1),
  words: { lower: 10, upper: 60 },
  knownShare: 0.9,
};

describe('the probability against the base', () => {
  it('is the share of the base model responses below, straight between quantiles', () => {
    expect(probabilityAgainstBase(-1, calibration)).toBe(0);
    expect(probabilityAgainstBase(0, calibration)).toBeCloseTo(0.5, 12);
    expect(probabilityAgainstBase(0.011, calibration)).toBeCloseTo(0.5055, 12);
    expect(probabilityAgainstBase(1, calibration)).toBe(1);
    expect(probabilityAgainstBase(-7, calibration)).toBe(0);
    expect(probabilityAgainstBase(7, calibration)).toBe(1);
  });

  it('rises with the score and stays in 0..1, also where quantiles repeat', () => {
    const quantiles = array(double({ min: -3, max: 3, noNaN: true }), {
      minLength: 101,
      maxLength: 101,
    });
    assert(
      property(
        quantiles,
        double({ min: -4, max: 4, noNaN: true }),
        double({ min: 0, max: 2 }),
        (values, score, more) => {
          const drawn = { ...calibration, baseQuantiles: values.toSorted((a, b) => a - b) };
          const [low, high] = [
            probabilityAgainstBase(score, drawn),
            probabilityAgainstBase(score + (more || 0), drawn),
          ];
          expect(low).toBeGreaterThanOrEqual(0);
          expect(high).toBeLessThanOrEqual(1);
          expect(high).toBeGreaterThanOrEqual(low);
        },
      ),
    );
  });
});

describe('the probability of the first', () => {
  it('is a logistic function of the difference', () => {
    expect(probabilityOfFirst(1, 1, calibration)).toBe(0.5);
    expect(probabilityOfFirst(1, 0, calibration)).toBeCloseTo(0.880797, 6);
    expect(probabilityOfFirst(0, 1, calibration) + probabilityOfFirst(1, 0, calibration)).toBeCloseTo(1, 12);
  });
});

describe('warnings', () => {
  it('tell lengths and words that training did not have', () => {
    expect(familiarityWarnings({ words: 30, known: 30 }, calibration)).toEqual([]);
    expect(familiarityWarnings({ words: 9, known: 9 }, calibration)).toEqual([
      '9 words; it was trained on responses of 10 to 60 words',
    ]);
    expect(familiarityWarnings({ words: 20, known: 10 }, calibration)).toEqual([
      "50 % of the words are known to it; of its training's kind of text at least 90 % are",
    ]);
    expect(familiarityWarnings({ words: 0, known: 0 }, calibration)).toHaveLength(1);
  });
});
