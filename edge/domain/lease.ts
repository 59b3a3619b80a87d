/** A lease: for how long, who may hold it, and what becomes of a task that is given back. */
import { RUNNER_STOPPED, STALLED } from '../../shared/api/tasks.ts';
import { DomainError } from './errors.ts';

export const LEASE_MILLISECONDS = 60_000;
/** Failures in a row, without a new checkpoint between them, after which a task fails for good. */
const MAXIMUM_FAILURES = 5;
/** The same for leases that expired or were handed back: a machine that goes away is not the task's fault, but it must end. */
export const MAXIMUM_EXPIRATIONS = 20;

/** A stall costs a runner long, so that two of them are enough. */
const FAILURES_OF_A_STALL = 3;

const FIRST_DELAY_MILLISECONDS = 1000;
/** A task that failed waits no longer before it is tried again. */
export const LONGEST_DELAY_MILLISECONDS = 60_000;

/** Who a request says it is. */
export interface Holder {
  readonly taskId: string;
  readonly epoch: number;
  /** The API key of the request. */
  readonly keyId: string;
}

export interface Failure {
  readonly reason: { readonly code: string; readonly message: string; readonly cure?: string | undefined };
  readonly retryable: boolean;
}

export function leaseLost({ taskId, epoch }: Holder): DomainError {
  return new DomainError(
    'lease-lost',
    `The lease of epoch ${epoch} on task ${taskId} has ended; stop the work and claim anew`,
  );
}

/**
 * What becomes of a task that is given back: tried again with a growing delay, or ended where the failure cannot be
 * retried or was the last that the cap allows. One that was handed back is queued at once, and counts as an expired
 * lease does.
 *
 * @returns `failed`: as how many failures it counts
 */
export function afterFailure(
  { failures, expirations }: { readonly failures: number; readonly expirations: number },
  { reason, retryable }: Failure,
): {
  readonly handedBack: boolean;
  readonly failed: number;
  readonly again: boolean;
  readonly delay: number;
} {
  const handedBack = reason.code === RUNNER_STOPPED;
  const failed = handedBack ? 0 : reason.code === STALLED ? FAILURES_OF_A_STALL : 1;
  const isLast = handedBack ? expirations + 1 >= MAXIMUM_EXPIRATIONS : failures + failed >= MAXIMUM_FAILURES;
  const delay = handedBack
    ? 0
    : Math.min(FIRST_DELAY_MILLISECONDS * 2 ** failures, LONGEST_DELAY_MILLISECONDS);
  return { handedBack, failed, again: retryable && !isLast, delay };
}
