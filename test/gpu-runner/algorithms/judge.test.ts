/** The judge's arithmetic on texts whose sentiment is beyond doubt. */
import { describe, expect, it } from 'vitest';
import type { Completion } from '../../../gpu-runner/algorithms/completion.ts';
import { judgeSentiment } from '../../../gpu-runner/algorithms/judge.ts';

const GOOD = 'They were happy and kind and loved the wonderful day.';
const BAD = 'They were sad and angry and hated the terrible day.';
const PLAIN = 'They went to the house by the road.';

function system(texts: readonly string[], tokens: number, perToken = -2): Completion[] {
  return texts.map((completion, index) => ({
    promptId: `p${index}`,
    prompt: `Prompt ${index}.`,
    completion,
    tokens: tokens + index,
    ended: index === 0,
    baseLogProbability: perToken * (tokens + index),
  }));
}

describe('sentiment judge', () => {
  const first = system([GOOD, GOOD, BAD, PLAIN], 10);
  const second = system([BAD, PLAIN, GOOD, PLAIN], 20, -1);

  it('counts a tie as half a win and keeps every comparison', () => {
    const { comparisons, judgement } = judgeSentiment(first, second);
    expect(comparisons.map((comparison) => comparison.share)).toEqual([1, 1, 0, 0.5]);
    expect(judgement).toMatchObject({ n: 4, winRate: 0.625, wins: 2, losses: 1, ties: 1 });
    expect(judgement.interval.lower).toBeLessThan(0.625);
    expect(judgement.interval.upper).toBeGreaterThan(0.625);
  });

  it('reports lengths, Dist-2 and perplexity of both systems, and their ratios', () => {
    const { judgement } = judgeSentiment(first, second);
    expect(judgement.first.tokens.mean).toBe(11.5);
    expect(judgement.second.tokens.mean).toBe(21.5);
    expect(judgement.ratios.length).toBeCloseTo(11.5 / 21.5, 12);
    expect(judgement.first.perplexityUnderBase).toBeCloseTo(Math.exp(2), 10);
    expect(judgement.second.perplexityUnderBase).toBeCloseTo(Math.E, 10);
    expect(judgement.ratios.perplexity).toBeCloseTo(Math.E, 10);
    expect(judgement.first.endedShare).toBe(0.25);
    // 10 words give 9 bigrams, 8 words 7: GOOD twice, BAD and PLAIN once; GOOD and BAD share "they were", "the ... day" is not a bigram
    expect(judgement.first.distinct2).toBeLessThan(1);
    expect(judgement.first.meanScore).toBeGreaterThan(-1);
  });

  it('swapping the systems gives the complement', () => {
    const forward = judgeSentiment(first, second).judgement;
    const backward = judgeSentiment(second, first).judgement;
    expect(forward.winRate + backward.winRate).toBe(1);
    expect(forward.first).toEqual(backward.second);
  });

  it('gives no length-controlled rate when all pairs differ by the same length', () => {
    expect(judgeSentiment(first, second).judgement.lengthControlled).toBeNull();
    const equal = judgeSentiment(first, system([BAD, PLAIN, GOOD, PLAIN], 10)).judgement;
    expect(equal.lengthControlled?.rate).toBeGreaterThan(0.5);
  });

  it('refuses systems that answer different prompts, or none', () => {
    expect(() => judgeSentiment(first, second.slice(1))).toThrow(/prompt p0 has no counterpart/);
    expect(() => judgeSentiment(first.slice(1), second)).toThrow(/answer 3 and 4 prompts/);
    expect(() => judgeSentiment([], [])).toThrow(/at least one/);
    expect(() => judgeSentiment(first, [...second, ...second])).toThrow(/must answer the same/);
  });
});
