/** Which problems an operation may answer: what the way to its handler refuses, by its form, and what the contract says of the handler. */
import { isBytes, type Endpoint } from '../../shared/api/endpoint.ts';
import { PROBLEMS, type ProblemCode } from '../../shared/api/problem.ts';
import { mayStream } from './open-streams.ts';

/** Refused by whoever reads or writes what a request holds, before or after its handler. */
function refusedOnTheWay(endpoint: Endpoint): ProblemCode[] {
  const { method, scopes, body, creates, unrecorded } = endpoint;
  const writes = method !== 'get' && unrecorded !== 'changes nothing';
  const makes = writes && method !== 'delete' && unrecorded === undefined;
  return [
    'invalid-request',
    ...(body && !isBytes(body) ? (['malformed-json'] as const) : []),
    ...(body ? (['incomplete-body', 'unsupported-media-type'] as const) : []),
    ...(scopes.length > 0 ? (['unauthorized', 'forbidden', 'too-many-requests'] as const) : []),
    ...(creates ? (['conflict', 'idempotency-mismatch'] as const) : []),
    ...(makes ? (['quota-exceeded', 'too-many-requests'] as const) : []),
    ...(mayStream(endpoint) ? (['too-many-requests'] as const) : []),
    'too-large',
    'internal',
    ...(writes ? (['no-room'] as const) : []),
  ];
}

/** @returns the codes by their status, the lowest first */
export function refusalsOf(endpoint: Endpoint): ReadonlyMap<number, readonly ProblemCode[]> {
  const codes = [...new Set([...refusedOnTheWay(endpoint), ...(endpoint.refuses ?? [])])];
  const byStatus = Map.groupBy(codes, (code) => PROBLEMS[code][0] as number);
  return new Map([...byStatus].toSorted(([a], [b]) => a - b));
}
