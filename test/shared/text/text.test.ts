import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { distinct123, distinctN } from '../../../shared/text/distinct-n.ts';
import { fillTemplate } from '../../../shared/text/fill-template.ts';
import { ngrams } from '../../../shared/text/ngrams.ts';
import { repeatedNgramShare } from '../../../shared/text/repetition.ts';
import { words } from '../../../shared/text/words.ts';

describe('words', () => {
  it('are lower-case, keep inner apostrophes, drop punctuation', () => {
    expect(words('"Don’t!" said Tim\'s dog, 3 times -- été.')).toEqual([
      "don't",
      'said',
      "tim's",
      'dog',
      '3',
      'times',
      'été',
    ]);
    expect(words(' ...\n')).toEqual([]);
  });
});

describe('ngrams', () => {
  it('runs of n tokens; numbers do not run together', () => {
    expect(ngrams(['a', 'b', 'c'], 2)).toHaveLength(2);
    expect(ngrams([1, 23], 2)).not.toEqual(ngrams([12, 3], 2));
    expect(ngrams(['a'], 2)).toEqual([]);
    expect(() => ngrams(['a'], 0)).toThrow('n must be a positive integer, got 0');
  });
});

describe('distinctN', () => {
  it('known answers', () => {
    expect(
      distinctN(
        [
          ['a', 'b', 'a', 'b'],
          ['a', 'b'],
        ],
        2,
      ),
    ).toBe(2 / 4);
    expect(distinct123([['a', 'a', 'a', 'a']])).toEqual([1 / 4, 1 / 3, 1 / 2]);
    expect(distinctN([], 1)).toBe(0);
  });
  it('lies in 0..1, and copying the set halves it', () => {
    const tokens = fc.array(fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 12 }), { maxLength: 6 });
    fc.assert(
      fc.property(tokens, fc.integer({ min: 1, max: 3 }), (sequences, n) => {
        const value = distinctN(sequences, n);
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(1);
        expect(distinctN([...sequences, ...sequences], n)).toBeCloseTo(value / 2, 12);
      }),
    );
  });
});

describe('repetition', () => {
  it('known answers', () => {
    expect(repeatedNgramShare([1, 2, 1, 2, 1], 2)).toBe(0.5);
    expect(repeatedNgramShare([1, 2, 3], 2)).toBe(0);
    expect(repeatedNgramShare([], 2)).toBe(0);
  });
});

describe('fillTemplate', () => {
  it('fills in one pass and refuses a place without value', () => {
    expect(fillTemplate('{a} and {b}', { a: '{b} $&', b: 'x' })).toBe('{b} $& and x');
    expect(() => fillTemplate('{c}', {})).toThrow('the template names "c", which has no value');
  });
});
