/** A part of a bench: told on standard error, and ended by a limit of its own. */
import { setTimeout as wait } from 'node:timers/promises';

/** A part took longer than it may. */
class PhaseLimitError extends Error {
  override readonly name = 'PhaseLimitError';
}

/**
 * Runs one part.
 *
 * @throws PhaseLimitError when the limit is over; what was begun is left to the caller, who ends the host
 */
export async function phase<Result>(
  name: string,
  limitSeconds: number,
  work: () => Promise<Result>,
): Promise<Result> {
  const begun = performance.now();
  const over = new AbortController();
  const limit = wait(limitSeconds * 1000, undefined, { signal: over.signal }).then(() => {
    throw new PhaseLimitError(`${name} did not end in ${limitSeconds} s`);
  });
  try {
    const result = await Promise.race([work(), limit]);
    console.error(`${name}: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
    return result;
  } finally {
    over.abort();
    // The limit's own end by the line above.
    limit.catch(() => {});
  }
}
