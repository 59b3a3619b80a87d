/** Repeating what failed for reasons that pass: the network, or a server that restarts or has too much to do. */

export interface RetryOptions {
  /** Whether an error passes by itself; any other is thrown at once. */
  readonly passing: (error: unknown) => boolean;
  readonly firstDelayMs: number;
  /** Delays double up to this one. */
  readonly largestDelayMs: number;
  /** Runs at the most; as many as it takes unless given. */
  readonly attempts?: number;
  /** The delay that the other side asked for with this error, to the millisecond. */
  readonly askedDelayMs?: (error: unknown) => number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told before each wait; what it throws ends the repetition. `attempt` is 1 after the first run. */
  readonly onRetry?: (error: unknown, attempt: number, delayMs: number) => void;
  readonly pause?: (milliseconds: number, signal: AbortSignal | undefined) => Promise<void>;
  /** Numbers from 0 to 1. */
  readonly random?: () => number;
}

/**
 * Runs something until it succeeds, fails for good or for the last time, or the signal aborts (then its reason is thrown).
 *
 * A wait is between half of its delay and all of it, so that many who failed together do not come back together.
 */
export async function retry<Result>(run: () => Promise<Result>, options: RetryOptions): Promise<Result> {
  const {
    passing,
    firstDelayMs,
    largestDelayMs,
    attempts = Infinity,
    askedDelayMs,
    signal,
    onRetry,
  } = options;
  const { pause = wait, random = Math.random } = options;
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    try {
      return await run();
    } catch (error) {
      if (signal?.aborted || attempt >= attempts || !passing(error)) throw error;
      const growing = Math.min(largestDelayMs, firstDelayMs * 2 ** Math.min(attempt - 1, 30));
      const wantedMs = askedDelayMs?.(error) ?? (growing * (1 + random())) / 2;
      const delayMs = Math.min(wantedMs, LONGEST_DELAY_MS);
      onRetry?.(error, attempt, delayMs);
      await pause(delayMs, signal);
    }
  }
}

/** Nobody waits longer than a day, whatever is asked for: beyond 24 days a timer would fire at once. */
const LONGEST_DELAY_MS = 24 * 3600 * 1000;

/** A Retry-After header in seconds, as milliseconds; undefined for a date, nonsense or none. */
export function retryAfterMs({ headers }: Response): number | undefined {
  const header = headers.get('retry-after')?.trim() ?? '';
  return /^\d+(\.\d+)?$/.test(header) ? Number(header) * 1000 : undefined;
}

async function wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  const over = Promise.withResolvers<void>();
  const abort = (): void => over.reject(signal?.reason);
  const timer = setTimeout(over.resolve, milliseconds);
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted) abort();
  try {
    await over.promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}
