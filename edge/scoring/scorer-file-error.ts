import { UserError } from '../../shared/user-error.ts';

/** A file that is no scorer, or one that this version cannot run; the message names what is wrong. */
export class ScorerFileError extends UserError {
  override readonly name = 'ScorerFileError';
  override readonly code = 'bad-scorer';
}
