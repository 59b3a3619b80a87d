/** The human share: so many pairs, of the right kind, the same for a seed, and refused where there are too few. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  countHumanPairs,
  mixHumanPairs,
} from '../../../../gpu-runner/algorithms/preference-model/mix-human-pairs.ts';

const simulated = (count: number) =>
  Array.from({ length: count }, (_, row) => ({
    promptId: String(row),
    prompt: `p${row}`,
    chosen: 'a',
    rejected: 'b',
    labelProbability: 0.7,
    affixPair: 0,
  }));
const human = (count: number) =>
  Array.from({ length: count }, (_, row) => ({
    id: `h${row}`,
    prompt: `q${row}`,
    chosen: 'c',
    rejected: 'd',
  }));

describe('mixHumanPairs', () => {
  it('keeps the number of pairs and reaches the share, to the rounding', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 60, max: 90 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(1000),
        (own, others, share, seed) => {
          const mixed = mixHumanPairs(simulated(own), human(others), share, seed);
          expect(mixed).toHaveLength(own);
          expect(countHumanPairs(mixed)).toBe(Math.round(share * own));
          expect(new Set(mixed.map(({ promptId }) => promptId)).size).toBe(own);
          expect(mixHumanPairs(simulated(own), human(others), share, seed)).toEqual(mixed);
        },
      ),
    );
  });

  it('draws by the seed, with hard labels', () => {
    const one = mixHumanPairs(simulated(20), human(40), 0.5, 1);
    expect(mixHumanPairs(simulated(20), human(40), 0.5, 2)).not.toEqual(one);
    const first = one.find(({ promptId }) => promptId.startsWith('h'));
    expect(first).toMatchObject({ labelProbability: 1, affixPair: null, provenance: { source: 'human' } });
  });

  it('takes all human pairs where nothing was simulated', () => {
    expect(mixHumanPairs([], human(7), 1, 1).map(({ promptId }) => promptId)).toEqual(
      human(7).map(({ id }) => id),
    );
  });

  it('says how many are missing', () => {
    expect(() => mixHumanPairs(simulated(20), human(4), 0.5, 1)).toThrow(/needs 10 pairs .* has 4/);
    expect(() => mixHumanPairs([], [], 1, 1)).toThrow(/needs 1 pairs .* has 0/);
  });
});
