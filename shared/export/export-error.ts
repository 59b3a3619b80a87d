/** Something that cannot leave in the form that was asked for: what stands against it, and what can be asked for instead. */
import { UserError } from '../user-error.ts';

export class ExportError extends UserError {
  override readonly name = 'ExportError';
  override readonly code = 'cannot-export';
}
