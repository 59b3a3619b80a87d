import { describe, expect, it } from 'vitest';
import { uniform } from '../../../../shared/random.ts';
import { fitSlope, seenWordsOf } from '../../../../gpu-runner/algorithms/scorer/calibrate-scorer.ts';
import { countSeen, featuresOf } from '../../../../shared/scoring/features.ts';

describe('the slope', () => {
  it('finds the one that drew the labels', () => {
    const differences = Array.from({ length: 20_000 }, (_, row) => 4 * uniform(1, 0, row) - 2);
    const targets = differences.map((difference, row) =>
      Number(uniform(1, 1, row) < 1 / (1 + Math.exp(-1.7 * difference))),
    );
    // Fisher information of 20,000 such pairs: a standard error of about 0.02.
    expect(fitSlope(differences, targets)).toBeGreaterThan(1.62);
    expect(fitSlope(differences, targets)).toBeLessThan(1.78);
  });

  it('is the same with every pair turned round, and stays positive where scores say the opposite', () => {
    const differences = [0.5, -1, 2, 0.1];
    const targets = [1, 0.2, 1, 0.4];
    const turned = fitSlope(
      differences.map((difference) => -difference),
      targets.map((target) => 1 - target),
    );
    expect(turned).toBeCloseTo(fitSlope(differences, targets), 9);
    expect(fitSlope([1, 2], [0, 0])).toBeGreaterThan(0);
  });
});

describe('the words seen', () => {
  it('are those of the responses', () => {
    const features = (response: string) => featuresOf({ prompt: 'Mia', response });
    const pair = { first: features('Tom ran'), second: features('Tom fell') };
    const bits = seenWordsOf([
      { ...pair, source: 'fresh', prompt: 'Mia', firstScore: 0, secondScore: 0, label: null },
    ]);
    expect(['tom', 'ran', 'fell', 'mia'].map((word) => countSeen(bits, [word]))).toEqual([1, 1, 1, 0]);
    expect(countSeen(bits, ['tom', 'tom', 'mia'])).toBe(2);
  });
});
