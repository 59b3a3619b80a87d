/** Requests that outlast an edge which is slow to answer or comes back: a long run keeps its machine busy. */
import { retry } from '../../shared/retry.ts';

interface Patience {
  readonly send?: (request: Request) => Promise<Response>;
  /** How often a request is sent before its fault is told. */
  readonly attempts?: number;
  readonly pauseMilliseconds?: number;
}

/**
 * Sends a request again where no answer came at all; whatever the edge answers is an answer. A request that creates
 * something carries a key of its own, so that sending it twice creates it once.
 */
export function patientFetch({ send = fetch, attempts = 10, pauseMilliseconds = 4000 }: Patience = {}) {
  return async (request: Request): Promise<Response> =>
    await retry(async () => await send(request.clone()), {
      // The only sign of a connection that failed or was not answered in time.
      passing: (error) => error instanceof TypeError,
      attempts,
      firstDelayMs: pauseMilliseconds,
      largestDelayMs: pauseMilliseconds,
    });
}
