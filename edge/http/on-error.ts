/** Turns everything that is thrown, and every path that matches nothing, into a problem document. */
import type { Context } from 'hono';
import { contract } from '../../shared/api/contract.ts';
import { DomainError } from '../domain/errors.ts';
import { ProblemError } from './problem.ts';

export function onError(error: Error): Response {
  return toProblem(error).toResponse();
}

function toProblem(error: Error): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof DomainError)
    return new ProblemError(error.code, error.message, { errors: error.errors });
  if ('code' in error && error.code === 'ENOSPC') {
    return new ProblemError('no-room', "The edge's disk is full; free space there, and repeat the request");
  }
  // The cause goes to the operator's log; the client learns nothing about the inside.
  console.error(error);
  return new ProblemError('internal', "The cause is in the edge's log; retry with the same idempotency key");
}

const PATTERNS = Object.values(contract).map(({ method, path }) => ({
  method: method.toUpperCase(),
  pattern: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`),
}));

export function onNotFound(context: Context): Response {
  const allowed = PATTERNS.filter(({ pattern }) => pattern.test(context.req.path)).map(
    ({ method }) => method,
  );
  if (allowed.length === 0) {
    return new ProblemError('not-found', `No operation has the path ${context.req.path}`).toResponse();
  }
  const allow = [...new Set(allowed.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])))];
  return new ProblemError('method-not-allowed', `This path takes ${allow.join(', ')}`, {
    headers: { allow: allow.join(', ') },
  }).toResponse();
}
