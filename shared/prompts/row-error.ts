/** Why a row of a file is refused. */
import { UserError } from '../user-error.ts';

/** In words that name the column. */
export class RowError extends UserError {
  override readonly name = 'RowError';
  override readonly code = 'bad-row';
}
