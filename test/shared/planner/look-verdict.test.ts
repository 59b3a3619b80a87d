/** What a look at a model's answers decides: the limits, and a cure for every reason that a filter gives. */
import { describe, expect, it } from 'vitest';
import { doubtsOf, refusals, type LookFigures } from '../../../shared/planner/look-verdict.ts';
import { wilsonInterval } from '../../../shared/statistics/wilson-interval.ts';

const ANSWERS = 64;
const share = (held: number) => ({ share: held / ANSWERS, interval: wilsonInterval(held, ANSWERS) });

function look({ kept = ANSWERS, apart = ANSWERS, reason = 'no-sentence-end' } = {}): LookFigures {
  const refused = ANSWERS - kept;
  return {
    acceptance: share(kept),
    separation: share(apart),
    positive: { rejected: refused === 0 ? {} : { [reason]: refused } },
    negative: { rejected: {} },
  };
}

const codes = (figures: LookFigures) => doubtsOf(figures).map(({ code }) => code);

describe('a look', () => {
  it('is good where half is kept and the sides are told apart', () => {
    expect(doubtsOf(look({ kept: 32, apart: 40 }))).toEqual([]);
  });

  it('stops a run below half, and one whose interval holds a half', () => {
    expect(codes(look({ kept: 31 }))).toEqual(['few-accepted']);
    expect(codes(look({ apart: 39 }))).toEqual(['no-contrast']);
    expect(codes(look({ apart: 10 }))).toEqual(['no-contrast']);
    expect(codes(look({ kept: 0, apart: 32 }))).toEqual(['few-accepted', 'no-contrast']);
  });

  it.each([
    ['no-sentence-end', /--answer-tokens/],
    ['no-line-end', /--answer-tokens/],
    ['no-human-turn', /chat template/],
    ['empty', /prompts that ask/],
    ['role-mark', /chat template/],
    ['broken-character', /language/],
  ])('has a cure where most refusals are %s', (reason, cure) => {
    expect(doubtsOf(look({ kept: 3, reason }))[0]?.cure).toMatch(cure);
    expect(doubtsOf(look({ kept: 3, reason }))[0]?.fault).toContain(`5 % of the answers`);
  });

  it('stops a run whose verdict could not come out, even if the model wins every comparison', () => {
    const found = (comparisons?: number) => doubtsOf(look(), comparisons).map(({ code }) => code);
    expect([undefined, 4, 400].map(found)).toEqual([[], [], []]);
    expect([2, 3].map(found)).toEqual([['few-comparisons'], ['few-comparisons']]);
    expect(found(0)).toEqual(['few-comparisons']);
    // The least that the cure names is the least that is not doubted.
    expect(doubtsOf(look(), 3)[0]?.cure).toContain('at least 4');
  });

  it('counts refusals of both sides together, the most frequent first', () => {
    const sides = {
      positive: { rejected: { empty: 3, 'role-mark': 2 } },
      negative: { rejected: { 'role-mark': 2 } },
    };
    expect(refusals({ ...look(), ...sides })).toEqual([
      ['role-mark', 4],
      ['empty', 3],
    ]);
  });
});
