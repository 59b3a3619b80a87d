/** What the edge's own rules refuse: told in the contract's words, without a word of HTTP (http/on-error.ts maps them). */
import type { $ZodIssue } from 'zod/v4/core';
import { ARTIFACT_DAMAGED } from '../../shared/api/artifacts.ts';
import { fieldErrors, type FieldError, type Place } from '../../shared/api/field-errors.ts';
import type { ProblemCode } from '../../shared/api/problem.ts';
import { UserError } from '../../shared/user-error.ts';

type DomainErrorCode = Extract<
  ProblemCode,
  | 'invalid-request'
  | 'forbidden'
  | 'not-found'
  | 'conflict'
  | 'artifact-damaged'
  | 'lease-lost'
  | 'report-out-of-order'
  | 'not-served'
>;

/** A request that a rule refuses; the message says what mends it. */
export class DomainError extends UserError {
  override readonly name = 'DomainError';
  declare readonly code: DomainErrorCode;
  readonly errors: readonly FieldError[] | undefined;

  constructor(code: DomainErrorCode, message: string, errors?: readonly FieldError[]) {
    super(message, { code });
    this.errors = errors;
  }
}

export function invalidRequest(errors: readonly FieldError[]): DomainError {
  const detail = errors.map((error) => `${error.pointer}: ${error.detail}`).join('; ');
  return new DomainError('invalid-request', detail.slice(0, 2000), errors);
}

/** @param what the thing that is missing, in the caller's words: `principle kind-stories` */
export function notFound(what: string): DomainError {
  return new DomainError('not-found', `${what} does not exist; list what there is to see its names`);
}

export function conflict(detail: string): DomainError {
  return new DomainError('conflict', detail);
}

/** @throws DomainError `conflict` naming what still uses the thing that is to be deleted; undefined: nothing does */
export function requireUnused(what: string, users: string | undefined): void {
  if (users !== undefined) throw conflict(`The ${what} is in use by ${users}; delete that first, or keep it`);
}

/** The bytes of an artifact are missing or not those of its hash: who has them can mend it. */
export function damaged(sha256: string): DomainError {
  return new DomainError(
    ARTIFACT_DAMAGED,
    `The bytes of artifact ${sha256} are missing or damaged; put them again, or make anew what made them`,
  );
}

/** The error of a failed validation of one part of a request. */
export function fromIssues(place: Place, issues: readonly $ZodIssue[]): DomainError {
  return invalidRequest(fieldErrors(place, issues));
}
