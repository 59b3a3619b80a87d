/** Problems (RFC 9457): the typed error that handlers throw, and the response it becomes. */
import type { $ZodIssue } from 'zod/v4/core';
import type { Problem } from '../shared/api/problem.ts';
import { UserError } from '../shared/user-error.ts';
import { SECURITY_HEADERS } from './http/security-headers.ts';

export type FieldError = NonNullable<Problem['errors']>[number];
type Place = FieldError['in'];

const TITLES = {
  'invalid-request': [400, 'The request is not valid'],
  'malformed-json': [400, 'The body is not JSON'],
  'incomplete-body': [400, 'The body ended early'],
  unauthorized: [401, 'A valid key is needed'],
  forbidden: [403, 'The key may not do this'],
  'not-found': [404, 'There is no such thing'],
  'method-not-allowed': [405, 'The method is not allowed here'],
  conflict: [409, 'The request does not fit the present state'],
  'lease-lost': [409, 'The lease of the task is lost'],
  'report-out-of-order': [409, 'A report before this one is missing'],
  'too-large': [413, 'The body is too large'],
  'unsupported-media-type': [415, 'The media type is not supported'],
  'range-not-satisfiable': [416, 'The range lies outside the bytes'],
  'idempotency-mismatch': [422, 'The idempotency key was used for another request'],
  'too-many-requests': [429, 'Too many requests'],
  internal: [500, 'The edge failed'],
  'no-room': [507, 'The edge has no room left'],
} as const satisfies Record<string, readonly [number, string]>;
type Code = keyof typeof TITLES;

export class ProblemError extends UserError {
  override readonly name = 'ProblemError';
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: Code,
    detail: string,
    { errors, headers = {} }: { errors?: FieldError[]; headers?: Record<string, string> } = {},
  ) {
    super(detail, { code });
    const [status, title] = TITLES[code];
    this.problem = { type: `urn:rlcd:problem:${code}`, title, status, detail, ...(errors ? { errors } : {}) };
    this.headers = headers;
  }

  toResponse(): Response {
    return new Response(JSON.stringify(this.problem), {
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

export function invalidRequest(errors: FieldError[]): ProblemError {
  const detail = errors.map((error) => `${error.pointer}: ${error.detail}`).join('; ');
  return new ProblemError('invalid-request', detail.slice(0, 2000), { errors });
}

/** @param what the thing that is missing, in the caller's words: `principle kind-stories` */
export function notFound(what: string): ProblemError {
  return new ProblemError('not-found', `${what} does not exist; list what there is to see its names`);
}

export function conflict(detail: string): ProblemError {
  return new ProblemError('conflict', detail);
}

const PLACES: Readonly<Record<string, Place>> = {
  json: 'body',
  query: 'query',
  param: 'path',
  header: 'header',
};

function pointerTo(place: Place, path: readonly PropertyKey[]): string {
  if (place !== 'body') return path.map(String).join('.');
  const segments = path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`);
  return `#${segments.join('')}`;
}

/**
 * The problem of a failed validation.
 *
 * @param target the validator's word for the part of the request: json, query, param or header
 */
export function fromIssues(target: string, issues: readonly $ZodIssue[]): ProblemError {
  const place = PLACES[target] ?? 'body';
  const errors = issues.slice(0, 50).flatMap((issue): FieldError[] =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.slice(0, 50).map((key) => ({
          in: place,
          pointer: pointerTo(place, [...issue.path, key]),
          detail: 'is not a known field',
        }))
      : [{ in: place, pointer: pointerTo(place, issue.path), detail: issue.message }],
  );
  return invalidRequest(errors);
}
