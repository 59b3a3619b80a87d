/** The judge's arithmetic on texts whose sentiment is beyond doubt. */
import { describe, expect, it } from 'vitest';
import type { Completion } from '../../../../gpu-runner/algorithms/completion.ts';
import { judgeSystems } from '../../../../gpu-runner/algorithms/judge/judge-systems.ts';
import { scoringJudge, type PairJudge } from '../../../../gpu-runner/algorithms/judge/pair-judge.ts';
import { judgement as judgementSchema } from '../../../../shared/api/tasks/judge.ts';
import { sentiment } from '../../../../shared/judges/sentiment-judge.ts';
import { expectForeign } from '../foreign-checkpoint.ts';
import { recordingHooks } from '../tiny-model.ts';
import { system } from './systems.ts';

const GOOD = 'They were happy and kind and loved the wonderful day.';
const BAD = 'They were sad and angry and hated the terrible day.';
const PLAIN = 'They went to the house by the road.';

const sentimentJudge = () =>
  scoringJudge('sentiment', 3, async (responses) => responses.map(({ response }) => sentiment(response)));

/** The comparisons and the verdict of the lexicon. */
async function judged(first: readonly Completion[], second: readonly Completion[], judge = sentimentJudge()) {
  const { comparisons, judgements } = await judgeSystems(
    first,
    second,
    [judge],
    recordingHooks().hooks,
    null,
  );
  const [judgement] = judgements;
  if (judgement === undefined) throw new Error('no judgement');
  return { comparisons, judgement };
}

describe('sentiment judge', () => {
  const first = system([GOOD, GOOD, BAD, PLAIN], 10);
  const second = system([BAD, PLAIN, GOOD, PLAIN], 20, -1);

  it('counts a tie as half a win and keeps every comparison', async () => {
    const { comparisons, judgement } = await judged(first, second);
    expect(comparisons.map((comparison) => comparison.share)).toEqual([1, 1, 0, 0.5]);
    expect(judgement).toMatchObject({ n: 4, winRate: 0.625, wins: 2, losses: 1, ties: 1 });
    expect(judgement.interval.lower).toBeLessThan(0.625);
    expect(judgement.interval.upper).toBeGreaterThan(0.625);
  });

  it('reports lengths, Dist-2 and perplexity of both systems, and their ratios', async () => {
    const { judgement } = await judged(first, second);
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

  it('swapping the systems gives the complement', async () => {
    const forward = (await judged(first, second)).judgement;
    const backward = (await judged(second, first)).judgement;
    expect(forward.winRate + backward.winRate).toBe(1);
    expect(forward.first).toEqual(backward.second);
  });

  it('gives no length-controlled rate when all pairs differ by the same length', async () => {
    expect((await judged(first, second)).judgement.lengthControlled).toBeNull();
    const equal = (await judged(first, system([BAD, PLAIN, GOOD, PLAIN], 10))).judgement;
    expect(equal.lengthControlled?.rate).toBeGreaterThan(0.5);
  });

  it('refuses systems that answer different prompts, or none', async () => {
    await expect(judged(first, second.slice(1))).rejects.toThrow(/prompt p0 has no counterpart/);
    await expect(judged(first.slice(1), second)).rejects.toThrow(/answer 3 and 4 prompts/);
    await expect(judged([], [])).rejects.toThrow(/at least one/);
    await expect(judged(first, [...second, ...second])).rejects.toThrow(/must answer the same/);
  });

  it('says that each text was read alone, and asks nobody', async () => {
    const { judgement } = await judged(first, second);
    expect(judgementSchema.parse(judgement)).toEqual(judgement);
    expect(judgement).toMatchObject({
      orders: 'single-text',
      unparsable: 0,
      positionBias: null,
      calls: null,
      retries: null,
      tokens: null,
      cost: null,
    });
  });
});

describe('judging in batches', () => {
  const first = system([GOOD, GOOD, BAD, PLAIN, GOOD, BAD, PLAIN], 10);
  const second = system([BAD, PLAIN, GOOD, PLAIN, GOOD, BAD, GOOD], 12);

  it('goes on after a kill without asking again, and ends in the same result', async () => {
    const asked: string[] = [];
    const counting = (name: string): PairJudge => {
      const judge = sentimentJudge();
      return {
        ...judge,
        name,
        batchSize: 2,
        judge: async (pairs, signal) => {
          asked.push(...pairs.map(({ promptId }) => `${name} ${promptId}`));
          return await judge.judge(pairs, signal);
        },
      };
    };
    const judges = () => [counting('one'), counting('two')];
    const whole = await judgeSystems(first, second, judges(), recordingHooks().hooks, null);
    expect(asked).toHaveLength(14);
    asked.length = 0;
    const killed = recordingHooks(5);
    await expect(judgeSystems(first, second, judges(), killed.hooks, null)).rejects.toThrow('killed');
    const resume = killed.checkpoints.get(5) ?? new Uint8Array();
    const again = await judgeSystems(first, second, judges(), recordingHooks().hooks, resume);
    expect(again).toEqual(whole);
    expect(new Set(asked).size).toBe(14);
    expect(asked).toHaveLength(14);
    const resumed = (judge: PairJudge[], one = first, other = second) =>
      judgeSystems(one, other, judge, recordingHooks().hooks, resume);
    await expectForeign(
      resumed([counting('three')]),
      /is of judges \["one","two"\], orders .*this task has judges \["three"\]/,
    );
    await expectForeign(resumed(judges(), second, first), /7 other comparisons than this task's/);
    await expectForeign(resumed(judges(), first.slice(1), second.slice(1)), /7 comparisons, this task has 6/);
  });
});
