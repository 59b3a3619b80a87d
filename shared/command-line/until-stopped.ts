/** Work that a person may stop. */

/**
 * Runs work that ends on the first SIGINT, SIGTERM or SIGHUP. What it throws then is the end that was asked for: nothing is
 * told of it, and the exit code is 130.
 */
export async function untilStopped(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => stop.abort(new Error(`stopped by ${signal}`)));
  }
  try {
    await work(stop.signal);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    process.exitCode = 130;
  }
}
