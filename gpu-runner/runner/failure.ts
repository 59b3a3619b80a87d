/** What an error that ended a task means for its lease. */
import { messageOf } from '../../shared/caught.ts';
import { withoutPlaces } from '../tasks/told-error.ts';
import { UserError } from '../../shared/user-error.ts';

/** Why a task failed, as the edge keeps it. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly cure?: string;
  /** Whether the same task may succeed when it is tried again. */
  readonly retryable: boolean;
}

const MAXIMUM_MESSAGE = 4000;

/**
 * An error as a failure: what a person can mend says itself whether to try again, what is not foreseen is tried again.
 *
 * @param named places of this machine that the task itself names; all others are told by their last part
 */
export function describeFailure(error: unknown, named: readonly string[] = []): Failure {
  const told = (text: string): string => withoutPlaces(text, named).slice(0, MAXIMUM_MESSAGE);
  const message = told(messageOf(error)) || 'no message';
  if (!(error instanceof UserError)) return { code: 'unexpected', message, retryable: true };
  const { code, cure, retryable } = error;
  return { code, message, ...(cure === undefined ? {} : { cure: told(cure) }), retryable };
}
