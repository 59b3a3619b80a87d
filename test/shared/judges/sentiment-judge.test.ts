import { describe, expect, it } from 'vitest';
import { compareSentiment, sentiment } from '../../../shared/judges/sentiment-judge.ts';

describe('sentiment judge', () => {
  it('is VADER (known answers of its README and its tests)', () => {
    expect(sentiment('VADER is very smart, handsome, and funny')).toBe(0.8545);
    expect(sentiment('VADER is smart, handsome, and funny.')).toBe(0.8316);
    expect(sentiment("At least it isn't a horrible book.")).toBe(0.431);
    expect(sentiment('The table is made of wood.')).toBe(0);
    expect(sentiment('')).toBe(0);
  });

  it('compares either way, ties half', () => {
    expect(compareSentiment('They were happy.', 'They were sad.')).toBe(1);
    expect(compareSentiment('They were sad.', 'They were happy.')).toBe(0);
    expect(compareSentiment('A table.', 'A chair.')).toBe(0.5);
    expect(compareSentiment('', '')).toBe(0.5);
  });
});
