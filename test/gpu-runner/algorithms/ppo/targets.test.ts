/** Rollout targets whole: every estimator and switch against the float64 oracle, groups by hand, padding never seen. */
import { array, assert, constant, double, integer, property, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupAdvantages } from '../../../../gpu-runner/algorithms/ppo/group-advantages.ts';
import { sequenceOf } from '../../../../gpu-runner/llama/model/sequence.ts';
import { distributionKl } from '../../../../gpu-runner/algorithms/ppo/kl-penalty.ts';
import { PPO_DEFAULTS } from '../../../../shared/api/tasks/ppo.ts';
import {
  oracleAdvantages,
  oracleDistributionKl,
  oracleGroupAdvantages,
  oracleKl,
  oracleWhiten,
  type Ragged,
} from '../../../oracle/ppo.ts';
import { pad, shapeOf, unpad } from './ragged.ts';
import {
  rolloutTargets,
  type RewardSettings,
  type Rollout,
} from '../../../../gpu-runner/algorithms/ppo/rollout-batch.ts';

const settings: RewardSettings = { ...PPO_DEFAULTS, penaltyWithoutStop: null };

/** Rollouts of these lengths with made-up, repeatable numbers. */
function rolloutsOf(lengths: readonly number[], scores?: readonly number[]): Rollout[] {
  return lengths.map((length, row) => {
    const numbers = (shift: number) =>
      Float32Array.from({ length }, (_, token) => -2 + Math.sin(3 * row + 1.7 * token + shift));
    return {
      prompt: row,
      sequence: sequenceOf(
        [1, 20 + row],
        Array.from({ length }, (_, token) => 30 + ((row + token) % 3)),
      ),
      logProbabilities: numbers(0),
      referenceLogProbabilities: numbers(0.4),
      response: { text: '', ended: row % 2 === 0, scoredTokens: length, closing: new Int32Array() },
      score: scores?.[row] ?? Math.cos(5 * row),
      values: numbers(1),
    };
  });
}

const numbersOf = (rollouts: readonly Rollout[], of: (rollout: Rollout) => ArrayLike<number>): Ragged =>
  rollouts.map((rollout) => Array.from(of(rollout)));

/** Largest difference; infinite where rows or lengths differ. */
function distance(actual: readonly ArrayLike<number>[], expected: Ragged): number {
  const lengths = (rows: readonly ArrayLike<number>[]) => rows.map(({ length }) => length).join();
  if (lengths(actual) !== lengths(expected)) return Infinity;
  const differences = actual.flatMap((row, index) =>
    Array.from(row, (value, token) => Math.abs(value - (expected[index]?.[token] ?? Number.NaN))),
  );
  return differences.some(Number.isNaN) ? Infinity : Math.max(...differences);
}

/** Rewards by the formula: -beta KL, plus the normalised score or the penalty at the last token. */
function oracleRewards(
  rollouts: readonly Rollout[],
  kl: Ragged,
  beta: number,
  penalty: number | null,
): Ragged {
  return kl.map((row, index) => {
    const rollout = rollouts[index];
    const score =
      penalty !== null && rollout?.response.ended === false ? penalty : (rollout?.score ?? 0) / 2 - 0.5;
    return row.map((value, token) => -beta * value + (token === row.length - 1 ? score : 0));
  });
}

describe('rollout targets', () => {
  const rollouts = rolloutsOf([3, 1, 5, 2]);
  const normalisation = { mean: 1, standardDeviation: 2 };
  const policy = numbersOf(rollouts, ({ logProbabilities }) => logProbabilities);
  const reference = numbersOf(rollouts, ({ referenceLogProbabilities }) => referenceLogProbabilities);
  const values = numbersOf(rollouts, (rollout) => rollout.values);

  it.each(['k1', 'k2', 'k3', 'k1-clamped'] as const)(
    "with KL %s, both whitenings and the penalty, are the oracle's",
    (klEstimator) => {
      const given = { ...settings, klEstimator, penaltyWithoutStop: -1, discount: 0.9, traceDecay: 0.8 };
      const { rows } = rolloutTargets(rollouts, 0.3, normalisation, given);
      const rewards = oracleRewards(rollouts, oracleKl(klEstimator, policy, reference), 0.3, -1);
      const raw = oracleAdvantages(oracleWhiten(rewards, false), values, 0.9, 0.8);
      expect(
        distance(
          rows.map(({ advantages }) => advantages),
          oracleWhiten(raw, true),
        ),
      ).toBeLessThan(1e-6);
      expect(
        distance(
          rows.map(({ returns }) => returns),
          raw.map((row, index) => row.map((value, token) => value + (values[index]?.[token] ?? 0))),
        ),
      ).toBeLessThan(1e-6);
    },
  );

  it('take the exact KL as it is given, and refuse to go without', () => {
    const exact = rollouts.map(({ logProbabilities }, row) =>
      new Float64Array(logProbabilities.length).fill(row + 1),
    );
    const given = {
      ...settings,
      klEstimator: 'exact',
      whitenRewards: false,
      whitenAdvantages: false,
    } as const;
    const { rows, metrics } = rolloutTargets(rollouts, 0.5, normalisation, given, exact);
    const rewards = oracleRewards(
      rollouts,
      exact.map((row) => Array.from(row)),
      0.5,
      null,
    );
    expect(
      distance(
        rows.map(({ advantages }) => advantages),
        oracleAdvantages(rewards, values, 1, 1),
      ),
    ).toBeLessThan(1e-6);
    expect(metrics['objective/kl']).toBe((3 * 1 + 1 * 2 + 5 * 3 + 2 * 4) / 4);
    expect(() => rolloutTargets(rollouts, 0.5, normalisation, given)).toThrow(/0 rows of numbers for 4/);
  });

  it.each([
    [false, false],
    [true, false],
    [false, true],
  ])('whiten rewards %s and advantages %s as switched', (whitenRewards, whitenAdvantages) => {
    const given = { ...settings, whitenRewards, whitenAdvantages };
    const { rows } = rolloutTargets(rollouts, 0.1, normalisation, given);
    const rewards = oracleRewards(rollouts, oracleKl('k1', policy, reference), 0.1, null);
    const used = whitenRewards ? oracleWhiten(rewards, false) : rewards;
    const raw = oracleAdvantages(used, values, 1, 1);
    expect(
      distance(
        rows.map(({ advantages }) => advantages),
        whitenAdvantages ? oracleWhiten(raw, true) : raw,
      ),
    ).toBeLessThan(1e-6);
  });

  it('score an unfinished response like any other unless a penalty is set', () => {
    const of = (penaltyWithoutStop: number | null) =>
      rolloutTargets(rollouts, 0, null, { ...settings, penaltyWithoutStop }).meanScore;
    const scores = rollouts.map(({ score }) => score);
    expect(of(null)).toBeCloseTo(scores.reduce((sum, score) => sum + score, 0) / 4, 12);
    expect(of(-1)).toBeCloseTo(((scores[0] ?? 0) - 1 + (scores[2] ?? 0) - 1) / 4, 12);
  });

  it("G2 give every array of a row the row's own tokens and no padding", () => {
    for (const [index, row] of rolloutTargets(rollouts, 0.1, normalisation, settings).rows.entries()) {
      const length = rollouts[index]?.logProbabilities.length;
      for (const numbers of [row.advantages, row.returns, row.oldValues, row.oldLogProbabilities]) {
        expect(numbers).toHaveLength(length ?? -1);
      }
      expect(row.tokens.length - row.start).toBe(length);
    }
  });

  it.each(['rloo', 'grpo'] as const)('take %s advantages where asked for', (advantageEstimator) => {
    const given = {
      ...settings,
      advantageEstimator,
      groupSize: 2,
      whitenRewards: false,
      whitenAdvantages: false,
    };
    const { rows } = rolloutTargets(rollouts, 0.2, normalisation, given);
    const rewards = oracleRewards(rollouts, oracleKl('k1', policy, reference), 0.2, null);
    expect(
      distance(
        rows.map(({ advantages }) => advantages),
        oracleGroupAdvantages(rewards, 2, advantageEstimator),
      ),
    ).toBeLessThan(1e-6);
  });
});

describe('advantages within groups', () => {
  const shape = shapeOf([[1, 2], [5], [0, 0, 1], [7]]);
  const rewards = pad([[1, 2], [5], [0, 0, 1], [7]], shape);

  it('RLOO by hand: R = 3, 5 | 1, 7 against the other one of the pair', () => {
    const { advantages, returns } = groupAdvantages(shape, rewards, 2, 'rloo');
    expect(unpad(advantages, shape)).toEqual([[-2, -2], [2], [-6, -6, -6], [6]]);
    expect(unpad(returns, shape)).toEqual([[3, 3], [5], [1, 1, 1], [7]]);
  });

  it('GRPO by hand: a group of four with R = 3, 5, 1, 7, mean 4, deviation sqrt 5', () => {
    const { advantages } = groupAdvantages(shape, rewards, 4, 'grpo');
    const scale = Math.sqrt(5) + 1e-8;
    expect(unpad(advantages, shape).map(([first = 0]) => first)).toEqual(
      [-1, 1, -3, 3].map((difference) => difference / scale),
    );
  });

  it('agree with the oracle on any batch, sum to 0 within a group, and refuse a group of one', () => {
    const rows = tuple(integer({ min: 1, max: 3 }), integer({ min: 2, max: 4 })).chain(([groups, size]) =>
      tuple(
        constant(size),
        array(array(double({ min: -5, max: 5, noNaN: true }), { minLength: 1, maxLength: 5 }), {
          minLength: groups * size,
          maxLength: groups * size,
        }),
      ),
    );
    assert(
      property(rows, ([size, given]) => {
        const own = shapeOf(given);
        for (const estimator of ['rloo', 'grpo'] as const) {
          const found = unpad(groupAdvantages(own, pad(given, own), size, estimator).advantages, own);
          expect(distance(found, oracleGroupAdvantages(given, size, estimator))).toBeLessThan(1e-6);
          for (let first = 0; first < found.length; first += size) {
            const sum = found.slice(first, first + size).reduce((total, [value = 0]) => total + value, 0);
            expect(Math.abs(sum)).toBeLessThan(1e-6);
          }
        }
      }),
    );
    expect(() => groupAdvantages(shape, rewards, 1, 'rloo')).toThrow(/groupSize is 1/);
    expect(() => groupAdvantages(shape, rewards, 3, 'grpo')).toThrow(/groupSize is 3 for 4/);
  });
});

describe('groups of equal scores', () => {
  it('are counted after the penalty, under the name of TRL, where there are groups', () => {
    const scored = rolloutsOf([2, 2, 2, 2], [1, 1, 1, 2]);
    const share = (given: Partial<RewardSettings>) =>
      rolloutTargets(scored, 0.1, null, { ...settings, ...given }).metrics['frac_reward_zero_std'];
    expect(share({ advantageEstimator: 'rloo', groupSize: 2 })).toBe(0.5);
    expect(share({ advantageEstimator: 'rloo', groupSize: 4 })).toBe(0);
    // Every second one has not ended: a penalty parts the first group, too.
    expect(share({ advantageEstimator: 'grpo', groupSize: 2, penaltyWithoutStop: -1 })).toBe(0);
    expect(share({})).toBeUndefined();
  });
});

describe('KL of whole distributions', () => {
  it('by hand: softmax of log .7, .2, .1 against .3, .3, .4, whatever is added to the logits', () => {
    const expected = 0.7 * Math.log(0.7 / 0.3) + 0.2 * Math.log(0.2 / 0.3) + 0.1 * Math.log(0.1 / 0.4);
    const logs = (shift: number, ...values: number[]) => values.map((value) => Math.log(value) + shift);
    expect(distributionKl(logs(40, 0.7, 0.2, 0.1), logs(-7, 0.3, 0.3, 0.4))).toBeCloseTo(expected, 12);
    expect(distributionKl([1, 2, 3], [1, 2, 3])).toBe(0);
  });

  it('agrees with the oracle, is never negative, and 0 only between equals', () => {
    const logit = double({ min: -30, max: 30, noNaN: true });
    assert(
      property(array(tuple(logit, logit), { minLength: 2, maxLength: 20 }), (pairs) => {
        const [p, q] = [pairs.map(([value]) => value), pairs.map(([, value]) => value)];
        const kl = distributionKl(p, q);
        expect(kl).toBeGreaterThanOrEqual(0);
        expect(Math.abs(kl - oracleDistributionKl(p, q))).toBeLessThan(1e-9 * (1 + kl));
      }),
    );
  });
});
