/** PPO's host mathematics against the independent float64 oracle, over random ragged batches. */
import { array, assert, constant, double, property, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { estimateAdvantages } from '../../../../gpu-runner/algorithms/ppo/advantages.ts';
import { sampledKlMatrix } from '../../../../gpu-runner/algorithms/ppo/kl-penalty.ts';
import { whiten } from '../../../../gpu-runner/algorithms/ppo/whitening.ts';
import {
  oracleAdvantages,
  oracleKl,
  oracleRewardsToGo,
  oracleWhiten,
  type Ragged,
} from '../../../oracle/ppo.ts';
import { pad, paddingOf, shapeOf, unpad } from './ragged.ts';

const real = (min: number, max: number) => double({ min, max, noNaN: true });
const raggedOf = (min: number, max: number) =>
  array(array(real(min, max), { minLength: 1, maxLength: 7 }), {
    minLength: 1,
    maxLength: 6,
  });
/** Two matrices of one shape. */
const raggedPair = (min: number, max: number) =>
  raggedOf(min, max).chain((rows) =>
    tuple(
      constant(rows),
      tuple(...rows.map((row) => array(real(min, max), { minLength: row.length, maxLength: row.length }))),
    ),
  );

/** Largest absolute difference; NaN counts as infinite. */
function distance(actual: Ragged, expected: Ragged): number {
  const differences = actual.flatMap((row, i) =>
    row.map((value, t) => Math.abs(value - (expected[i]?.[t] ?? Number.NaN))),
  );
  return differences.reduce(
    (worst, value) => (value <= worst ? worst : Number.isNaN(value) ? Infinity : value),
    0,
  );
}

describe('PPO host mathematics against the oracle', () => {
  it.each(['k1', 'k2', 'k3', 'k1-clamped'] as const)('KL estimator %s', (estimator) => {
    assert(
      property(raggedPair(-8, -0.01), ([policy, reference]) => {
        const shape = shapeOf(policy);
        const kl = sampledKlMatrix(estimator, shape, pad(policy, shape), pad(reference, shape));
        expect(distance(unpad(kl, shape), oracleKl(estimator, policy, reference))).toBeLessThan(1e-5);
        expect(paddingOf(kl, shape).every((value) => value === 0)).toBe(true);
        expect(estimator === 'k1' || kl.every((value) => value >= -1e-12)).toBe(true);
      }),
    );
  });

  it('k1 and k3 are unbiased for the exact KL of two distributions, k1-clamped is not', () => {
    const policy = [0.7, 0.2, 0.1];
    const reference = [0.3, 0.3, 0.4];
    const exact = policy.reduce((sum, p, i) => sum + p * Math.log(p / (reference[i] ?? 1)), 0);
    const expectation = (estimator: 'k1' | 'k3' | 'k1-clamped') =>
      policy.reduce((sum, p, i) => {
        const shape = { rows: 1, columns: 1, lengths: [1] };
        return (
          sum + p * (sampledKlMatrix(estimator, shape, [Math.log(p)], [Math.log(reference[i] ?? 1)])[0] ?? 0)
        );
      }, 0);
    expect(expectation('k1')).toBeCloseTo(exact, 12);
    expect(expectation('k3')).toBeCloseTo(exact, 12);
    expect(expectation('k1-clamped')).toBeGreaterThan(exact + 0.1);
  });

  it('GAE equals the explicit sum of discounted deltas for any gamma and lambda', () => {
    assert(
      property(raggedPair(-5, 5), real(0, 1), real(0, 1), ([rewards, values], gamma, lambda) => {
        const shape = shapeOf(rewards);
        const { advantages, returns } = estimateAdvantages(shape, pad(rewards, shape), pad(values, shape), {
          gamma,
          gaeLambda: lambda,
        });
        const expected = oracleAdvantages(rewards, values, gamma, lambda);
        expect(distance(unpad(advantages, shape), expected)).toBeLessThan(1e-9);
        expect(
          distance(
            unpad(returns, shape),
            expected.map((row, i) => row.map((a, t) => a + (values[i]?.[t] ?? 0))),
          ),
        ).toBeLessThan(1e-9);
        expect(paddingOf(advantages, shape).every((value) => value === 0)).toBe(true);
        expect(paddingOf(returns, shape).every((value) => value === 0)).toBe(true);
      }),
    );
  });

  it('with lambda 1 returns are the rewards to go, whatever the values say', () => {
    assert(
      property(raggedPair(-5, 5), real(0, 1), ([rewards, values], gamma) => {
        const shape = shapeOf(rewards);
        const { returns } = estimateAdvantages(shape, pad(rewards, shape), pad(values, shape), {
          gamma,
          gaeLambda: 1,
        });
        expect(distance(unpad(returns, shape), oracleRewardsToGo(rewards, gamma))).toBeLessThan(1e-9);
      }),
    );
  });

  it.each(['shift-mean', 'keep-mean'] as const)('whitening %s', (mode) => {
    assert(
      property(raggedOf(-50, 50), (values) => {
        const shape = shapeOf(values);
        const whitened = whiten(shape, pad(values, shape), mode);
        expect(distance(unpad(whitened, shape), oracleWhiten(values, mode === 'shift-mean'))).toBeLessThan(
          1e-7,
        );
      }),
    );
  });
});
