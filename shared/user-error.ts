/** The base of every error that a person can mend: what is wrong, what mends it, and whether trying again may help. */

export interface UserErrorOptions {
  /** A word for programs, lower case with hyphens, such as `bad-model`. */
  readonly code: string;
  /** What mends it, as one sentence; left out where the message says it. */
  readonly cure?: string;
  /** Whether the same work may succeed when it is tried again; false unless given. */
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

/** Whoever shows errors shows these in one line and lets all others through as what they are: faults of the program. */
export class UserError extends Error {
  override readonly name: string = 'UserError';
  readonly code: string;
  readonly cure: string | undefined;
  readonly retryable: boolean;

  constructor(message: string, { code, cure, retryable = false, cause }: UserErrorOptions) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.cure = cure;
    this.retryable = retryable;
  }
}
