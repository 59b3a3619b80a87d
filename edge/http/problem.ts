/** Problems (RFC 9457): every error of the API with its status and title, and the response it becomes. */
import type { Problem } from '../../shared/api/problem.ts';
import { UserError } from '../../shared/user-error.ts';
import type { FieldError } from '../../shared/api/field-errors.ts';
import type { DomainErrorCode } from '../domain/errors.ts';
import { SECURITY_HEADERS } from './security-headers.ts';

const TITLES = {
  'invalid-request': [400, 'The request is not valid'],
  'malformed-json': [400, 'The body is not JSON'],
  'incomplete-body': [400, 'The body ended early'],
  unauthorized: [401, 'A valid key is needed'],
  forbidden: [403, 'The key may not do this'],
  'not-found': [404, 'There is no such thing'],
  'method-not-allowed': [405, 'The method is not allowed here'],
  'artifact-damaged': [410, 'The bytes of the artifact are gone'],
  'quota-exceeded': [409, 'The key has as much as it may have'],
  conflict: [409, 'The request does not fit the present state'],
  'lease-lost': [409, 'The lease of the task is lost'],
  'report-out-of-order': [409, 'A report before this one is missing'],
  'too-large': [413, 'The body is too large'],
  'unsupported-media-type': [415, 'The media type is not supported'],
  'range-not-satisfiable': [416, 'The range lies outside the bytes'],
  'idempotency-mismatch': [422, 'The idempotency key was used for another request'],
  'too-many-requests': [429, 'Too many requests'],
  internal: [500, 'The edge failed'],
  'not-served': [503, 'No runner serves this'],
  'no-room': [507, 'The edge has no room left'],
} as const satisfies Record<DomainErrorCode, readonly [number, string]> &
  Record<string, readonly [number, string]>;
type Code = keyof typeof TITLES;

/** What the HTTP layer itself refuses; the rules throw a `DomainError`, which on-error.ts maps. */
export class ProblemError extends UserError {
  override readonly name = 'ProblemError';
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: Code,
    detail: string,
    {
      errors,
      headers = {},
    }: { errors?: readonly FieldError[] | undefined; headers?: Record<string, string> } = {},
  ) {
    super(detail, { code });
    const [status, title] = TITLES[code];
    this.problem = {
      type: `urn:rlcd:problem:${code}`,
      title,
      status,
      detail,
      ...(errors ? { errors: [...errors] } : {}),
    };
    this.headers = headers;
  }

  /** @param further members beside those of every problem */
  toResponse(further: Partial<Problem> = {}): Response {
    return new Response(JSON.stringify({ ...this.problem, ...further }), {
      status: this.problem.status,
      headers: {
        ...SECURITY_HEADERS,
        ...this.headers,
        'content-type': 'application/problem+json',
        'cache-control': 'no-store',
      },
    });
  }
}
