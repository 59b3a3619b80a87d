/** Back-off: delays in closed form, what passes is repeated, what does not is thrown at once. */
import { describe, expect, it } from 'vitest';
import { retry, retryDelayMs } from '../../../gpu-runner/runner/retry.ts';

const policy = { firstDelayMs: 1, largestDelayMs: 8 };
const never = new AbortController().signal;

describe('retry', () => {
  it('doubles the delay up to the largest', () => {
    expect([1, 2, 3, 4, 5, 100].map((attempt) => retryDelayMs(policy, attempt))).toEqual([1, 2, 4, 8, 8, 8]);
  });

  it('repeats until it succeeds, telling each failure', async () => {
    const told: number[] = [];
    let calls = 0;
    const result = await retry(
      async () => {
        calls += 1;
        if (calls < 4) throw new TypeError('fetch failed');
        return calls;
      },
      {
        policy,
        passing: (error) => error instanceof TypeError,
        signal: never,
        onRetry: (_, attempt) => told.push(attempt),
      },
    );
    expect(result).toBe(4);
    expect(told).toEqual([1, 2, 3]);
  });

  it('throws what does not pass after one call', async () => {
    let calls = 0;
    const run = retry(
      async () => {
        calls += 1;
        throw new RangeError('for good');
      },
      { policy, passing: () => false, signal: never },
    );
    await expect(run).rejects.toThrow('for good');
    expect(calls).toBe(1);
  });

  it('ends when the signal aborts, also while it waits', async () => {
    const controller = new AbortController();
    const waiting = retry(
      async () => {
        throw new TypeError('fetch failed');
      },
      {
        policy: { firstDelayMs: 1e9, largestDelayMs: 1e9 },
        passing: () => true,
        signal: controller.signal,
        onRetry: () => controller.abort(new Error('draining')),
      },
    );
    await expect(waiting).rejects.toThrow('aborted');
    await expect(
      retry(async () => 1, { policy, passing: () => true, signal: controller.signal }),
    ).rejects.toThrow('draining');
  });
});
