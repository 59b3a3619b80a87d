/** The errors of prompts, dialogues and preference files. */
import { UserError } from '../user-error.ts';

/** A dialogue, a prompt or a row of a preference file that cannot be used; the message says where and why. */
export class DialogueFormatError extends UserError {
  override readonly name = 'DialogueFormatError';
  override readonly code = 'bad-input';
}
