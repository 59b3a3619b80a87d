/** What a client is told whose key has as much as it may have. */
import type { Quotas } from '../store/quotas.ts';
import { quotaOf } from '../store/quotas.ts';
import { ProblemError } from './problem.ts';

/** An experiment takes minutes at the least. */
const WAIT_SECONDS = 60;

/** @returns the error as it is where no quota held the request back */
export function tellQuota(error: unknown, quotas: Quotas): unknown {
  const quota = quotaOf(error);
  if (quota === undefined) return error;
  if (quota === 'storedBytes') {
    return new ProblemError(
      'quota-exceeded',
      `This key may store ${quotas.storedBytes} bytes (storedBytes), and this would be more: delete artifacts, uploads or prompt sets that it made, or use a key with more`,
    );
  }
  return new ProblemError(
    'too-many-requests',
    `This key may have ${quotas.experimentsUnderWay} experiments queued or running (experimentsUnderWay): wait until one ends, or cancel one`,
    { headers: { 'retry-after': String(WAIT_SECONDS) } },
  );
}
