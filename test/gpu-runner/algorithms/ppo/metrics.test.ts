/** Rollout metrics, the sampler-trainer gap and early stopping, with hand-computed numbers. */
import { describe, expect, it } from 'vitest';
import { earlyStopReason } from '../../../../gpu-runner/algorithms/ppo/early-stop.ts';
import { rolloutMetrics, valueMetrics } from '../../../../gpu-runner/algorithms/ppo/rollout-metrics.ts';
import { updateMetrics } from '../../../../gpu-runner/algorithms/ppo/update-metrics.ts';
import { pad, shapeOf } from './ragged.ts';

describe('rollout metrics', () => {
  const policy = [[-1, -2], [-3]];
  const reference = [[-2, -1], [-5]];
  const shape = shapeOf(policy);

  it('sums over tokens and averages over responses, under the known names', () => {
    const metrics = rolloutMetrics({
      shape,
      policy: pad(policy, shape),
      reference: pad(reference, shape),
      kl: pad([[1, -1], [2]], shape),
      klCoefficient: 0.5,
      scores: [3, 1],
      ended: [1, 0],
    });
    expect(metrics['objective/kl']).toBe(1);
    expect(metrics['objective/kl0']).toBe(1);
    expect(metrics['objective/kl1']).toBe((0.5 + 0.5 + 2) / 2);
    expect(metrics['objective/kl2']).toBeCloseTo((Math.exp(-1) + Math.exp(1) - 2 + Math.exp(-2) + 1) / 2, 12);
    expect(metrics['objective/entropy']).toBe(3);
    expect(metrics['objective/non_score_reward']).toBe(-0.5);
    expect(metrics['objective/scores']).toBe(2);
    expect(metrics['objective/rlhf_reward']).toBe(1.5);
    expect(metrics['completions/mean_length']).toBe(1.5);
    expect(metrics['completions/min_length']).toBe(1);
    expect(metrics['completions/max_length']).toBe(2);
    expect(metrics['completions/mean_terminated_length']).toBe(2);
    expect(metrics['completions/clipped_ratio']).toBe(0.5);
    expect(metrics['val/num_eos_tokens']).toBe(1);
  });

  it('explained variance is 1 for perfect values, 0 for constant ones, negative for wrong ones', () => {
    const returns = [[1, 2], [6]];
    const explained = (values: number[][]) =>
      valueMetrics(shape, pad(values, shape), pad(returns, shape))['critic/vf_explained_var'];
    expect(explained(returns)).toBe(1);
    expect(explained([[3, 3], [3]])).toBeCloseTo(0, 12);
    expect(explained([[6, 2], [1]])).toBeLessThan(0);
    const metrics = valueMetrics(shape, pad([[3, 4], [5]], shape), pad(returns, shape));
    expect(metrics['critic/values/mean']).toBe(4);
    expect(metrics['critic/values/max']).toBe(5);
    expect(metrics['critic/returns/min']).toBe(1);
    expect(metrics['critic/returns/mean']).toBe(3);
  });
});

describe('update metrics', () => {
  it('spread the ratios of all tokens over the bins of the histogram, each edge in the bin above it', () => {
    const ratios = [0.25, 0.5, 0.6, 0.9, 1, 1.1, 1.25, 3];
    const zeros = ratios.map(() => 0);
    const metrics = updateMetrics(
      [
        {
          rows: [{ oldLogProbabilities: zeros, advantages: zeros, oldValues: zeros, returns: zeros }],
          logProbabilities: [ratios.map((ratio) => Math.log(ratio))],
          entropies: [zeros],
          values: [zeros],
          policyGradientNorm: 0,
          valueGradientNorm: 0,
        },
      ],
      0.2,
      0.2,
    );
    const share = (bin: string) => metrics[`val/ratio_histogram/${bin}`];
    expect(share('below_0.5')).toBe(1 / 8);
    expect(share('0.5_to_0.8')).toBe(2 / 8);
    expect(share('0.8_to_0.95')).toBe(1 / 8);
    expect(share('0.95_to_1.05')).toBe(1 / 8);
    expect(share('1.05_to_1.25')).toBe(1 / 8);
    expect(share('1.25_to_2')).toBe(1 / 8);
    expect(share('from_2')).toBe(1 / 8);
    expect(Object.keys(metrics).filter((name) => name.includes('histogram'))).toHaveLength(7);
  });
});

describe('early stop', () => {
  const limits = { klPerSequence: 10, approximateKl: 0.1 };

  it('names its reason and the cure, and goes on within the limits', () => {
    expect(earlyStopReason(limits, { klPerSequence: 10, approximateKl: 0.1 })).toBeNull();
    expect(earlyStopReason(limits, { klPerSequence: 10.5, approximateKl: 0 })).toMatchObject({
      code: 'kl-per-sequence',
      message: expect.stringContaining('10.50 nats a sequence, limit 10: raise the KL coefficient'),
    });
    expect(earlyStopReason(limits, { klPerSequence: 1, approximateKl: 0.2 })).toMatchObject({
      code: 'approximate-kl',
    });
    const none = { klPerSequence: null, approximateKl: null };
    expect(earlyStopReason(none, { klPerSequence: 1e9, approximateKl: 1e9 })).toBeNull();
  });
});
