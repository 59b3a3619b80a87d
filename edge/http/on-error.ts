/** Turns everything that is thrown, and every path that matches nothing, into a problem document. */
import type { Context } from 'hono';
import { completionEndpoints } from '../../shared/api/completions.ts';
import type { Problem } from '../../shared/api/problem.ts';
import { DomainError } from '../domain/errors.ts';
import { ProblemError } from './problem.ts';

export function onError(error: Error, context: Context): Response {
  const found = toProblem(error);
  return found.toResponse(OPENAI_PATHS.has(context.req.path) ? openaiError(found) : {});
}

const OPENAI_PATHS = new Set(Object.values(completionEndpoints).map(({ path }): string => path));

/** What a client of the OpenAI API reads of a problem. */
function openaiError({ code, problem }: ProblemError): Pick<Problem, 'error'> {
  const { status, detail, errors: [first] = [] } = problem;
  const type = status >= 500 ? 'server_error' : 'invalid_request_error';
  return { error: { message: detail, type, code, param: first?.pointer ?? null } };
}

function toProblem(error: Error): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof DomainError)
    return new ProblemError(error.code, error.message, { errors: error.errors });
  if (isDiskFull(error)) {
    return new ProblemError('no-room', "The edge's disk is full; free space there, and repeat the request");
  }
  // The cause goes to the operator's log; the client learns nothing about the inside.
  console.error(error);
  return new ProblemError('internal', "The cause is in the edge's log; retry with the same idempotency key");
}

/** SQLITE_FULL */
const DATABASE_FULL = 13;

/** A file's or the database's, however deep it was wrapped. */
function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const isFull =
    ('code' in error && error.code === 'ENOSPC') || ('errcode' in error && error.errcode === DATABASE_FULL);
  return isFull || isDiskFull(error.cause);
}

interface Routed {
  readonly routes: readonly { readonly method: string; readonly path: string }[];
}

/** Where a route answers: an operation of the API, a page, a file. */
function patternsOf({ routes }: Routed) {
  return routes
    .filter(({ method }) => method !== 'ALL')
    .map(({ method, path }) => ({
      method,
      pattern: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/:\w+(\{[^}]*\})?/g, '[^/]+')}$`),
    }));
}

/** @returns answers what no route takes: 405 where one takes the path by another method, else 404 */
export function onNotFound(app: Routed): (context: Context) => Response {
  let patterns: ReturnType<typeof patternsOf> | undefined;
  return ({ req }) => {
    patterns ??= patternsOf(app);
    const allowed = patterns.filter(({ pattern }) => pattern.test(req.path)).map(({ method }) => method);
    if (allowed.length === 0) {
      return new ProblemError('not-found', `No operation has the path ${req.path}`).toResponse();
    }
    const allow = [...new Set(allowed.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])))];
    return new ProblemError('method-not-allowed', `This path takes ${allow.join(', ')}`, {
      headers: { allow: allow.join(', ') },
    }).toResponse();
  };
}
