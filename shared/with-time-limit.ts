/** A call that ends after a time, whatever it waits for. */

/**
 * Runs something with a signal that aborts with `signal` or after `milliseconds`, then with a DOMException `TimeoutError`,
 * and ends at that moment even where the call does not heed the signal.
 *
 * Node's `fetch` holds what carries a signal to it weakly: once that is collected, no abort arrives, and a connection on
 * which nothing comes back holds its caller for ever (Node 24; with-time-limit.test.ts). `AbortSignal.any` and
 * `AbortSignal.timeout` do not help there, so the end is this function's own.
 */
export async function withTimeLimit<Result>(
  signal: AbortSignal | undefined,
  milliseconds: number,
  run: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const limit = new AbortController();
  const ended = Promise.withResolvers<never>();
  limit.signal.addEventListener('abort', () => ended.reject(limit.signal.reason));
  const timer = setTimeout(() => {
    limit.abort(new DOMException(`nothing came back within ${milliseconds / 1000} s`, 'TimeoutError'));
  }, milliseconds);
  const follow = () => limit.abort(signal?.reason);
  signal?.addEventListener('abort', follow);
  if (signal?.aborted) follow();
  try {
    return await Promise.race([ended.promise, run(limit.signal)]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', follow);
  }
}
