import { UserError } from '../user-error.ts';

/** A command was used wrongly; the message names the option or file, the fault and the cure. */
export class UsageError extends UserError {
  override readonly name = 'UsageError';
  override readonly code = 'usage';
}
