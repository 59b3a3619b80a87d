/** The base of every error that a person can mend: what is wrong, what mends it, and whether trying again may help. */

export interface UserErrorOptions {
  /** A word for programs, lower case with hyphens, such as `bad-model`. A class of errors sets its own. */
  readonly code?: string;
  /** What mends it, as one sentence without its full stop; left out where the message says it. */
  readonly cure?: string;
  /** Whether the same work may succeed when it is tried again; false unless given. */
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

/**
 * The message is the fault and then the cure, so that both stand wherever it is shown. `explain` shows these in one line,
 * and all others as what they are: faults of the program.
 *
 * A kind of its own is a class with `override readonly name` and `code`, for those who catch it.
 */
export class UserError extends Error {
  override readonly name: string = 'UserError';
  readonly code: string;
  readonly cure: string | undefined;
  readonly retryable: boolean;

  /** @param fault what is wrong and where; without its full stop where a cure follows */
  constructor(fault: string, { code = 'bad-input', cure, retryable = false, cause }: UserErrorOptions = {}) {
    super(cure === undefined ? fault : `${fault}. ${cure}.`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.cure = cure;
    this.retryable = retryable;
  }
}
