/** A command was used wrongly; the message names the option or file, the fault and the cure. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
