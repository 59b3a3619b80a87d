/** What can be read from something that was caught, whatever it is. */

export function messageOf(caught: unknown): string {
  return caught instanceof Error ? caught.message : String(caught);
}

/** With the message of its cause: `fetch` says only that it failed, why stands there. */
export function messageWithCause(caught: unknown): string {
  const cause = caught instanceof Error ? caught.cause : undefined;
  return cause instanceof Error ? `${messageOf(caught)}: ${cause.message}` : messageOf(caught);
}

/** Whether it is an error of the system with one of these codes, such as ENOENT. */
export function hasCode(caught: unknown, ...codes: readonly string[]): boolean {
  return caught instanceof Error && 'code' in caught && codes.includes(String(caught.code));
}
