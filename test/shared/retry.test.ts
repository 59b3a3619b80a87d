/** Back-off: delays in closed form, what passes is repeated, what does not is thrown at once. */
import { describe, expect, it } from 'vitest';
import { retry, retryAfterMs, type RetryOptions } from '../../shared/retry.ts';

const quick = { firstDelayMs: 1, largestDelayMs: 8, passing: (error: unknown) => error instanceof TypeError };

/** Fails so often by itself, then says how often it was called. */
function failing(times: number, error: Error = new TypeError('fetch failed')) {
  const run = Object.assign(
    async () => {
      run.calls += 1;
      if (run.calls <= times) throw error;
      return run.calls;
    },
    { calls: 0 },
  );
  return run;
}

/** What would be waited, by a clock that stands. */
async function delays(times: number, options: Partial<RetryOptions>): Promise<number[]> {
  const waited: number[] = [];
  const pause = async (milliseconds: number): Promise<void> => void waited.push(milliseconds);
  await retry(failing(times), { ...quick, pause, ...options });
  return waited;
}

describe('retry', () => {
  it('doubles the delay up to the largest', async () => {
    expect(await delays(6, { random: () => 1 })).toEqual([1, 2, 4, 8, 8, 8]);
  });

  it('waits between half of the delay and all of it', async () => {
    expect(await delays(3, { random: () => 0 })).toEqual([0.5, 1, 2]);
    const [some, others] = [await delays(20, {}), await delays(20, {})];
    expect(some).not.toEqual(others);
    expect(Math.min(...some.slice(3))).toBeGreaterThanOrEqual(4);
    expect(Math.max(...some)).toBeLessThanOrEqual(8);
  });

  it('waits as long as the other side asks', async () => {
    expect(await delays(2, { askedDelayMs: () => 700, random: () => 0 })).toEqual([700, 700]);
    expect(await delays(2, { askedDelayMs: () => undefined, random: () => 1 })).toEqual([1, 2]);
    // A timer of more than 2^31 ms would fire at once.
    expect(await delays(1, { askedDelayMs: () => 2 ** 31 })).toEqual([86_400_000]);
  });

  it('repeats until it succeeds, telling each failure', async () => {
    const told: number[] = [];
    const result = await retry(failing(3), { ...quick, onRetry: (_, attempt) => told.push(attempt) });
    expect(result).toBe(4);
    expect(told).toEqual([1, 2, 3]);
  });

  it('throws what does not pass after one call, and the last error after so many', async () => {
    const forGood = failing(9, new RangeError('for good'));
    await expect(retry(forGood, quick)).rejects.toThrow('for good');
    expect(forGood.calls).toBe(1);
    const often = failing(9);
    await expect(retry(often, { ...quick, attempts: 3 })).rejects.toThrow('fetch failed');
    expect(often.calls).toBe(3);
  });

  it('ends when the signal aborts, also while it waits', async () => {
    const controller = new AbortController();
    const waiting = retry(failing(9), {
      ...quick,
      firstDelayMs: 1e9,
      largestDelayMs: 1e9,
      signal: controller.signal,
      onRetry: () => setTimeout(() => controller.abort(new Error('draining'))),
    });
    await expect(waiting).rejects.toThrow('draining');
    await expect(retry(async () => 1, { ...quick, signal: controller.signal })).rejects.toThrow('draining');
  });

  it('ends where telling a failure throws', async () => {
    const onRetry = (): never => {
      throw new Error('too long');
    };
    await expect(retry(failing(9), { ...quick, onRetry })).rejects.toThrow('too long');
  });
});

it('reads Retry-After in seconds only', () => {
  const of = (value: string) => retryAfterMs(new Response(null, { headers: { 'retry-after': value } }));
  expect([of('2'), of('0.5'), of('0'), of('soon'), of('-1'), of('Wed, 21 Oct 2026 07:28:00 GMT')]).toEqual([
    2000,
    500,
    0,
    undefined,
    undefined,
    undefined,
  ]);
  expect(retryAfterMs(new Response())).toBeUndefined();
});
