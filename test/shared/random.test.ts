import { describe, expect, it } from 'vitest';
import { integerBelow, normal, permutation, philox4x32, uniform } from '../../shared/random.ts';

describe('philox4x32', () => {
  // Known-answer vectors of the Random123 distribution (kat_vectors, philox4x32 10).
  it.each([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ] as const)('counter %j with key %j', (counter, key, expected) => {
    expect(philox4x32(counter, key)).toEqual(expected);
  });
});

describe('uniform', () => {
  it('is flat over 20 bins (chi-square, 19 degrees of freedom, p > 0.001)', () => {
    const bins = new Float64Array(20);
    const draws = 40_000;
    for (let counter = 0; counter < draws; counter++) {
      const bin = Math.floor(uniform(7, 3, counter) * 20);
      bins[bin] = (bins[bin] ?? 0) + 1;
    }
    const expected = draws / 20;
    const chiSquare = bins.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    expect(chiSquare).toBeLessThan(43.82);
  });

  it('stays inside the open interval and is exact in fp32', () => {
    for (let counter = 0; counter < 1000; counter++) {
      const value = uniform(2 ** 52, 2 ** 40, counter);
      expect(value).toBeGreaterThan(0);
      expect(value).toBeLessThan(1);
      expect(Math.fround(value)).toBe(value);
    }
  });

  it('differs by seed, stream and counter', () => {
    const values = new Set([uniform(1, 1, 1), uniform(2, 1, 1), uniform(1, 2, 1), uniform(1, 1, 2)]);
    expect(values.size).toBe(4);
  });

  it('refuses what is not a non-negative safe integer', () => {
    expect(() => uniform(-1, 0, 0)).toThrow('seed must be a non-negative safe integer, got -1');
    expect(() => uniform(0, 0.5, 0)).toThrow('stream');
    expect(() => uniform(0, 0, Number.NaN)).toThrow('counter');
  });
});

describe('normal, integerBelow, permutation', () => {
  it('normal has mean 0 and variance 1', () => {
    const draws = Array.from({ length: 20_000 }, (_, counter) => normal(5, 0, counter));
    const mean = draws.reduce((sum, x) => sum + x, 0) / draws.length;
    const variance = draws.reduce((sum, x) => sum + (x - mean) ** 2, 0) / draws.length;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(variance - 1)).toBeLessThan(0.05);
  });

  it('permutation holds every index once and depends on its stream', () => {
    const order = permutation(500, 9, 1);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 500 }, (_, index) => index));
    expect(permutation(500, 9, 1)).toEqual(order);
    expect(permutation(500, 9, 2)).not.toEqual(order);
  });

  it('integerBelow refuses an empty range', () => {
    expect(() => integerBelow(0, 1, 1, 1)).toThrow('bound must be an integer in 1..2^23, got 0');
  });
});
