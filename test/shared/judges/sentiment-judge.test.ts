import { describe, expect, it } from 'vitest';
import { sentiment } from '../../../shared/judges/sentiment-judge.ts';

describe('sentiment judge', () => {
  it('is VADER (known answers of its README and its tests)', () => {
    expect(sentiment('VADER is very smart, handsome, and funny')).toBe(0.8545);
    expect(sentiment('VADER is smart, handsome, and funny.')).toBe(0.8316);
    expect(sentiment("At least it isn't a horrible book.")).toBe(0.431);
    expect(sentiment('The table is made of wood.')).toBe(0);
    expect(sentiment('')).toBe(0);
  });
});
