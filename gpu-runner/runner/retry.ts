/** Repeating what failed for reasons that pass: the network, or an edge that restarts. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface RetryPolicy {
  readonly firstDelayMs: number;
  readonly largestDelayMs: number;
}

/** Delay before attempt `attempt` (1 is the first repeat): doubles up to the largest. */
export function retryDelayMs(policy: RetryPolicy, attempt: number): number {
  return Math.min(policy.largestDelayMs, policy.firstDelayMs * 2 ** Math.min(attempt - 1, 30));
}

interface RetryOptions {
  readonly policy: RetryPolicy;
  /** Whether an error passes by itself; any other is thrown at once. */
  readonly passing: (error: unknown) => boolean;
  readonly signal: AbortSignal;
  readonly onRetry?: (error: unknown, attempt: number, delayMs: number) => void;
}

/** Runs `attempt` until it succeeds, fails for good, or the signal aborts (then its reason is thrown). */
export async function retry<Result>(run: () => Promise<Result>, options: RetryOptions): Promise<Result> {
  const { policy, passing, signal, onRetry } = options;
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    try {
      return await run();
    } catch (error) {
      if (signal.aborted || !passing(error)) throw error;
      const delayMs = retryDelayMs(policy, attempt);
      onRetry?.(error, attempt, delayMs);
      await sleep(delayMs, undefined, { signal });
    }
  }
}
