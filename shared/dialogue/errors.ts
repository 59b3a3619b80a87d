/** The errors of prompts, dialogues and preference files. */

/** A dialogue, a prompt or a row of a preference file that cannot be used; the message says where and why. */
export class DialogueFormatError extends Error {
  override readonly name = 'DialogueFormatError';
}
