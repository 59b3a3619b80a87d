/** Novelty of responses: by hand, against a plain count, and what must not change it. */
import { array, assert, integer, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noveltyOf } from '../../../../gpu-runner/algorithms/ppo/novelty.ts';
import { responseOf, sequenceOf } from '../../../../gpu-runner/llama/model/sequence.ts';
import { rolloutTargets } from '../../../../gpu-runner/algorithms/ppo/rollout-batch.ts';
import { PPO_DEFAULTS } from '../../../../shared/api/tasks/ppo.ts';
import { paddingOf, shapeOf, unpad } from './ragged.ts';

const responses = array(array(integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 6 }), {
  minLength: 1,
  maxLength: 8,
});

/** Mean idf of each response's pairs, by counting the responses that hold a pair one by one. */
function plainMeans(rows: readonly (readonly number[])[]): (number | null)[] {
  const pairsOf = (row: readonly number[]) => row.slice(1).map((token, index) => `${row[index]}-${token}`);
  return rows.map((row) => {
    const idf = pairsOf(row).map((pair) => {
      const holders = rows.filter((other) => pairsOf(other).includes(pair)).length;
      return Math.log(rows.length / holders);
    });
    return idf.length === 0 ? null : idf.reduce((sum, value) => sum + value, 0) / idf.length;
  });
}

describe('novelty', () => {
  it('is the inverse document frequency of token pairs, spread over the response, less the mean', () => {
    const rows = [[1, 2, 3], [1, 2, 4], [5]];
    const { matrix, mean } = noveltyOf(shapeOf(rows), rows);
    const [common, rare] = [Math.log(3 / 2), Math.log(3)];
    expect(mean).toBeCloseTo((common + rare) / 2, 12);
    const [first, second, third] = unpad(matrix, shapeOf(rows));
    expect(first?.[0]).toBe(0);
    expect(first?.[1]).toBeCloseTo((common - mean) / 2, 12);
    expect(first?.[2]).toBeCloseTo((rare - mean) / 2, 12);
    expect(second).toEqual(first);
    expect(third).toEqual([0]);
  });

  it('adds up, over each response, to its own mean less that of all pairs', () => {
    assert(
      property(responses, (rows) => {
        const shape = shapeOf(rows);
        const { matrix, mean } = noveltyOf(shape, rows);
        const sums = unpad(matrix, shape).map((row) => row.reduce((sum, value) => sum + value, 0));
        plainMeans(rows).forEach((own, row) => {
          expect(sums[row]).toBeCloseTo(own === null ? 0 : own - mean, 10);
        });
        expect(paddingOf(matrix, shape).every((value) => value === 0)).toBe(true);
      }),
    );
  });

  it('is 0 where all say the same, and largest where no pair is shared', () => {
    const same = [
      [1, 2, 1],
      [1, 2, 1],
    ];
    expect(noveltyOf(shapeOf(same, 0), same)).toEqual({ matrix: new Float64Array(6), mean: 0 });
    const apart = [
      [1, 2],
      [2, 1],
    ];
    expect(noveltyOf(shapeOf(apart, 0), apart)).toEqual({ matrix: new Float64Array(4), mean: Math.log(2) });
  });

  it('counts a response once, however often it repeats a pair', () => {
    const rows = [
      [1, 2, 1, 2],
      [3, 4, 5, 6],
    ];
    const { matrix, mean } = noveltyOf(shapeOf(rows), rows);
    expect(mean).toBeCloseTo(Math.log(2), 12);
    for (const value of matrix) expect(value).toBeCloseTo(0, 12);
  });
});

describe('novelty in the reward', () => {
  const rollouts = [
    [1, 2, 3],
    [1, 2, 4],
    [7, 8, 9],
    [1, 2],
  ].map((tokens, row) => {
    const zeros = new Float32Array(tokens.length);
    return {
      prompt: row,
      sequence: sequenceOf([1], tokens),
      logProbabilities: zeros,
      referenceLogProbabilities: zeros,
      response: { text: '', ended: true, scoredTokens: tokens.length, closing: new Int32Array() },
      score: row,
      values: zeros,
    };
  });
  const settings = {
    ...PPO_DEFAULTS,
    whitenRewards: false,
    whitenAdvantages: false,
    penaltyWithoutStop: null,
  };
  const firstReturns = (noveltyCoefficient: number) =>
    rolloutTargets(rollouts, 0, null, { ...settings, noveltyCoefficient }).rows.map(
      ({ returns }) => returns[0] ?? Number.NaN,
    );

  it('adds the coefficient times the novelty to the return, and nothing at 0', () => {
    expect(firstReturns(0)).toEqual([0, 1, 2, 3]);
    const tokens = rollouts.map(({ sequence }) => Array.from(responseOf(sequence)));
    const { mean, matrix } = noveltyOf(shapeOf(tokens), tokens);
    const own = unpad(matrix, shapeOf(tokens)).map((row) => row.reduce((sum, value) => sum + value, 0));
    firstReturns(0.5).forEach((value, row) => expect(value).toBeCloseTo(row + 0.5 * (own[row] ?? 0), 6));
    expect(own[2]).toBeGreaterThan(own[0] ?? 0);
    expect(rolloutTargets(rollouts, 0, null, settings).metrics['completions/novelty']).toBe(mean);
  });
});
