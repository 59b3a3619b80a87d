/** What a judge is worth: against judges whose worth is known, counts by hand, a kill, and laws that hold for any judge. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { examineJudges } from '../../../../gpu-runner/algorithms/judge/examine-judges.ts';
import {
  scoringJudge,
  type JudgedPair,
  type PairJudge,
} from '../../../../gpu-runner/algorithms/judge/pair-judge.ts';
import type { HumanRow } from '../../../../gpu-runner/algorithms/preference-model/mix-human-pairs.ts';
import { AlgorithmInputError } from '../../../../gpu-runner/algorithms/algorithm-error.ts';
import { exam as examSchema } from '../../../../shared/api/tasks/examine.ts';
import { normal, uniform } from '../../../../shared/random.ts';
import { brierScore } from '../../../../shared/statistics/calibration.ts';
import { wilsonInterval } from '../../../../shared/statistics/wilson-interval.ts';
import { expectForeign } from '../foreign-checkpoint.ts';
import { recordingHooks } from '../tiny-model.ts';

const SEED = Number(process.env['FUZZ_SEED'] ?? 11);
console.log(`examine-judges: seed ${SEED}`);

/** People prefer "good"; every third chosen response is the shorter one. */
const rowsOf = (count: number, perPrompt = 1): HumanRow[] =>
  Array.from({ length: count }, (_, row) => ({
    id: String(row),
    prompt: `Human: question ${Math.floor(row / perPrompt)}\n\nAssistant:`,
    chosen: `good ${row} ${'x'.repeat(row % 3 === 0 ? 2 : 9 + (row % 5))}`,
    rejected: `bad ${row} ${'y'.repeat(5 + (row % 2))}`,
  }));
const rows = rowsOf(60);

const hooks = () => recordingHooks().hooks;
const SETTINGS = { pairLimit: 300, seed: 5, lengthOf: (text: string) => text.length };
async function examined(judge: PairJudge, data: readonly HumanRow[] = rows, settings = SETTINGS) {
  const [exam] = await examineJudges(data, [judge], settings, hooks(), null);
  if (exam === undefined) throw new Error('no exam');
  expect(examSchema.parse(exam)).toEqual(exam);
  return exam;
}

const scoring = (score: (response: string) => number, name = 'scores') =>
  scoringJudge(name, 7, async (responses) => responses.map(({ response }) => score(response)));
const isGood = (text: string) => text.startsWith('good');
const numberOf = (text: string) => Number(/\d+/.exec(text)?.[0]);

/** A judge that compares, in both orders. @param won the first response's share when it is shown first, and second */
function comparing(
  won: (pair: JudgedPair) => readonly [number, number],
  probability: ((pair: JudgedPair) => number) | null = null,
): PairJudge {
  return {
    name: 'compares',
    orders: 'both',
    batchSize: 4,
    price: null,
    close: async () => undefined,
    judge: async (pairs) =>
      pairs.map((pair) => {
        const [shownFirst, shownSecond] = won(pair);
        return {
          share: (shownFirst + shownSecond) / 2,
          firstScore: null,
          secondScore: null,
          probability: probability?.(pair) ?? null,
          byOrder: { shownFirst, shownSecond },
          unparsable: 0,
          usage: null,
        };
      }),
  };
}

describe('an exam', () => {
  it('counts agreement by hand: two in three right, ties for half', async () => {
    const judge = scoring((text) => {
      const row = numberOf(text);
      if (row % 6 === 0) return 0;
      return (isGood(text) ? 1 : -1) * (row % 6 === 1 ? -1 : 1);
    });
    const exam = await examined(judge);
    // 10 ties, 10 wrong, 40 right.
    expect(exam).toMatchObject({ n: 60, ties: 10, agreed: 45, orders: 'single-text', positionBias: null });
    expect(exam.accuracy).toBe(0.75);
    // Variance of a row: 45/60 is the mean, squares 42.5 / 60.
    const variance = 42.5 / 60 - 0.75 ** 2;
    const pairs = (60 * 0.75 * 0.25) / variance;
    expect(exam.effectivePairs).toBeCloseTo(pairs, 9);
    expect(exam.interval.lower).toBeCloseTo(wilsonInterval(0.75 * pairs, pairs).lower, 9);
    // Without a tie, of as many prompts, it is Wilson's of the counts.
    const plain = await examined(scoring((text) => Number(isGood(text) !== (numberOf(text) % 3 === 0))));
    expect(plain.interval.lower).toBeCloseTo(wilsonInterval(40, 60).lower, 9);
    expect(plain.interval.upper).toBeCloseTo(wilsonInterval(40, 60).upper, 9);
  });

  it('shows either side first, by the seed alone, and the judge never sees which people preferred', async () => {
    const shown = async (seed: number) => {
      const seen: boolean[] = [];
      const judge = comparing((pair) => {
        seen.push(isGood(pair.first));
        return [1, 1];
      });
      await examined(judge, rows, { ...SETTINGS, seed });
      return seen;
    };
    const one = await shown(5);
    expect(one.filter(Boolean).length).toBeGreaterThan(18);
    expect(one.filter(Boolean).length).toBeLessThan(42);
    expect(await shown(5)).toEqual(one);
    expect(await shown(6)).not.toEqual(one);
    // What always prefers the first agrees as often as the first is the chosen one.
    const exam = await examined(comparing(() => [1, 1]));
    expect(exam.agreed).toBe(one.filter(Boolean).length);
  });

  it('tells what length alone would reach, and sees through a judge that reads nothing else', async () => {
    const exam = await examined(scoring((text) => text.length));
    expect(exam.accuracy).toBe(exam.lengthOnly.accuracy);
    expect(exam.lengthOnly.accuracy).toBeCloseTo(2 / 3, 12);
    expect(exam.atEqualLength).toBeNull();
    const honest = await examined(scoring((text) => ((numberOf(text) % 5 === 0) !== isGood(text) ? 1 : 0)));
    expect(honest.accuracy).toBeCloseTo(0.8, 12);
    expect(honest.atEqualLength?.accuracy).toBeGreaterThan(0.7);
    const swayed = await examined(
      scoring((text) => (numberOf(text) % 10 === 0 ? 1000 * Number(isGood(text)) : text.length)),
    );
    expect(swayed.accuracy).toBeGreaterThan(0.65);
    expect(swayed.atEqualLength?.interval.lower).toBeLessThan(0.5);
    const equal = await examined(scoring(numberOf), rows, { ...SETTINGS, lengthOf: () => 3 });
    expect(equal.lengthOnly.accuracy).toBe(0.5);
    const gap = await examined(scoring(numberOf), rows, {
      ...SETTINGS,
      lengthOf: (text) => Number(isGood(text)),
    });
    expect(gap.atEqualLength).toBeNull();
  });

  it('takes probabilities as a judge says them, and their errors by hand', async () => {
    const said = (pair: JudgedPair) => (isGood(pair.first) ? 0.8 : 0.2);
    const exam = await examined(comparing((pair) => (isGood(pair.first) ? [1, 1] : [0, 0]), said));
    expect(exam.probabilities).toMatchObject({ from: 'likelihood', scales: null });
    expect(exam.probabilities?.brier).toBeCloseTo(0.04, 12);
    expect(exam.probabilities?.expectedCalibrationError).toBeCloseTo(0.2, 12);
    expect(exam.positionBias).toMatchObject({ bias: 0, consistency: 1 });
    const none = await examined(comparing(() => [1, 0]));
    expect(none.probabilities).toBeNull();
    expect(none).toMatchObject({ accuracy: 0.5, ties: 60, positionBias: { bias: 0.5, consistency: 0 } });
  });

  it('makes probabilities of scores on scales that neither half of the prompts chose for itself', async () => {
    // P(good is better) = sigmoid(gap / 2): the scale is 2, whatever the half.
    const many = rowsOf(1200);
    const gapOf = (row: number) => 3 * normal(SEED, 1, row);
    const judge = scoring((text) => {
      const row = numberOf(text);
      const gap = Math.abs(gapOf(row));
      const right = uniform(SEED, 2, row) < 1 / (1 + Math.exp(-gap / 2));
      return isGood(text) === right ? gap : 0;
    });
    const exam = await examined(judge, many, { ...SETTINGS, pairLimit: 1200 });
    const { scales, brier, expectedCalibrationError, from } = exam.probabilities ?? {};
    expect(from).toBe('scores');
    for (const scale of scales ?? [0]) expect(Math.abs((scale ?? 0) - 2)).toBeLessThan(0.5);
    expect(scales?.[0]).not.toBe(scales?.[1]);
    expect(expectedCalibrationError).toBeLessThan(0.06);
    expect(brier).toBeLessThan(0.25);
    const noise = await examined(
      scoring((text) => normal(SEED, 3, 2 * numberOf(text) + Number(isGood(text)))),
    );
    // Whoever fits noise to itself seems to know something; fitted across, it does not.
    expect(noise.probabilities?.brier).toBeGreaterThan(0.24);
    expect((await examined(scoring(() => 1))).probabilities).toMatchObject({
      scales: [null, null],
      brier: 0.25,
    });
    expect((await examined(judge, rowsOf(6, 6))).probabilities).toBeNull();
  });

  it('gives no half the scale that its own pairs would choose', async () => {
    // Two prompts are the two halves: right in one, wrong in the other. Each gets what the other taught.
    const judge = scoring((text) => Number(isGood(text) === numberOf(text) < 10));
    const { probabilities } = await examined(judge, rowsOf(20, 10));
    expect(probabilities?.scales?.filter((scale) => scale === null)).toHaveLength(1);
    // A half for the right ones, and sure of the wrong ones.
    expect(probabilities?.brier).toBeGreaterThan((0.25 + 0.5) / 2);
  });

  it('draws pairs by the seed where there are more than the limit, and keeps their order', async () => {
    const seen: string[] = [];
    const judge = comparing(({ promptId }) => {
      seen.push(promptId);
      return [1, 1];
    });
    const exam = await examined(judge, rows, { ...SETTINGS, pairLimit: 20 });
    expect(exam.n).toBe(20);
    expect(seen).toEqual(seen.toSorted((a, b) => Number(a) - Number(b)));
    expect(seen).not.toEqual(rows.slice(0, 20).map(({ id }) => id));
  });

  it('counts pairs of one prompt as less than as many prompts', async () => {
    // Right or wrong by prompt: ten pairs are as good as one.
    const judge = scoring((text) => (isGood(text) === Math.floor(numberOf(text) / 10) % 3 > 0 ? 1 : 0));
    const exam = await examined(judge, rowsOf(60, 10));
    expect(exam).toMatchObject({ n: 60, agreed: 40 });
    expect(exam.effectivePairs).toBeCloseTo(6, 9);
  });
});

describe('any judge', () => {
  const judges = fc.array(fc.constantFrom(0, 0.5, 1), { minLength: 12, maxLength: 12 });
  const settings = { seed: SEED, numRuns: 60 };

  it('that prefers the opposite is right where it was wrong', async () => {
    await fc.assert(
      fc.asyncProperty(judges, async (shares) => {
        const of = (flip: boolean) =>
          comparing((pair) => {
            const share = shares[numberOf(pair.first)] ?? 0;
            const forGood = isGood(pair.first) ? share : 1 - share;
            return flip ? [1 - forGood, 1 - forGood] : [forGood, forGood];
          });
        const data = rowsOf(12);
        const [one, other] = [await examined(of(false), data), await examined(of(true), data)];
        expect(one.agreed).toBe(shares.reduce<number>((sum, share) => sum + share, 0));
        expect(one.agreed + other.agreed).toBe(12);
        expect(one.ties).toBe(shares.filter((share) => share === 0.5).length);
        expect(one.effectivePairs).toBeCloseTo(other.effectivePairs, 6);
        expect(one.interval.lower).toBeCloseTo(1 - other.interval.upper, 9);
      }),
      settings,
    );
  });

  it('that scores is worth the same on any scale', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 40, maxLength: 40 }),
        fc.constantFrom(0.001, 8, 1e6),
        async (scores, factor) => {
          const of = (by: number) =>
            scoring((text) => by * (scores[2 * numberOf(text) + Number(isGood(text))] ?? 0));
          const [one, other] = [await examined(of(1), rowsOf(20)), await examined(of(factor), rowsOf(20))];
          expect(one.agreed).toBe(other.agreed);
          expect(one.probabilities?.brier).toBeCloseTo(other.probabilities?.brier ?? Number.NaN, 6);
        },
      ),
      settings,
    );
  });

  it('that says a constant earns the Brier score of that constant', async () => {
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 0, max: 1, noNaN: true }), async (probability) => {
        const outcomes: number[] = [];
        const judge = comparing(
          (pair) => {
            outcomes.push(Number(isGood(pair.first)));
            return [1, 1];
          },
          () => probability,
        );
        const exam = await examined(judge);
        const expected = brierScore(
          outcomes.map(() => probability),
          outcomes,
        );
        expect(exam.probabilities?.brier).toBeCloseTo(expected, 12);
      }),
      settings,
    );
  });
});

describe('a kill', () => {
  it('changes nothing and asks nobody twice; other work refuses the checkpoint; no pair is refused by name', async () => {
    const asked: string[] = [];
    const counting = (name: string): PairJudge => {
      const judge = scoring((text) => numberOf(text) * (isGood(text) ? 1 : -1), name);
      return {
        ...judge,
        judge: async (pairs, signal) => {
          asked.push(...pairs.map(({ promptId }) => `${name} ${promptId}`));
          return await judge.judge(pairs, signal);
        },
      };
    };
    const judges = () => [counting('one'), counting('two')];
    const whole = await examineJudges(rows, judges(), SETTINGS, hooks(), null);
    expect(asked).toHaveLength(120);
    asked.length = 0;
    const killed = recordingHooks(11);
    await expect(examineJudges(rows, judges(), SETTINGS, killed.hooks, null)).rejects.toThrow('killed');
    const resume = killed.checkpoints.get(11) ?? new Uint8Array();
    expect(await examineJudges(rows, judges(), SETTINGS, hooks(), resume)).toEqual(whole);
    expect(asked).toHaveLength(120);
    expect(new Set(asked).size).toBe(120);
    const resumed = (data = rows, settings = SETTINGS, by = judges()) =>
      examineJudges(data, by, settings, hooks(), resume);
    await expectForeign(resumed(rows, SETTINGS, [counting('three')]), /is of judges \["one","two"\]/);
    await expectForeign(resumed(rows, { ...SETTINGS, seed: 6 }), /60 other pairs than this task's/);
    await expectForeign(resumed(rows.slice(1)), /60 pairs, this task has 59/);
    const none = examineJudges([], judges(), SETTINGS, hooks(), null);
    await expect(none).rejects.toThrow(AlgorithmInputError);
    await expect(none).rejects.toThrow(/upload rows of \{chosen, rejected\}/);
  });
});
