/** What a program says of the error that ended it. */
import { UserError } from './user-error.ts';

/** What a person can mend in one line, the fault and then its cure; anything else with its stack and its causes. */
export function explain(error: unknown): string {
  if (error instanceof UserError) return error.message;
  if (!(error instanceof Error)) return String(error);
  const stack = error.stack ?? error.message;
  return error.cause === undefined ? stack : `${stack}\nbecause of ${explain(error.cause)}`;
}
