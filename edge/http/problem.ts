/** Problems (RFC 9457) as they are thrown, and the response that one becomes. */
import { PROBLEMS, type Problem, type ProblemCode } from '../../shared/api/problem.ts';
import { UserError } from '../../shared/user-error.ts';
import type { FieldError } from '../../shared/api/field-errors.ts';
import { SECURITY_HEADERS } from './security-headers.ts';

/** What the HTTP layer itself refuses; the rules throw a `DomainError`, which on-error.ts maps. */
export class ProblemError extends UserError {
  override readonly name = 'ProblemError';
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ProblemCode,
    detail: string,
    {
      errors,
      headers = {},
    }: { errors?: readonly FieldError[] | undefined; headers?: Record<string, string> } = {},
  ) {
    super(detail, { code });
    const [status, title] = PROBLEMS[code];
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
