/** The audit log: what every request that changes something leaves in it, from the contract alone; never a body. */
import type { Endpoint } from '../../shared/api/endpoint.ts';
import { insertAuditRecord } from '../store/audit.ts';
import type { Statement } from '../store/database.ts';
import { createIdentifier } from '../store/identifier.ts';
import type { Dependencies } from './dependencies.ts';
import type { Admitted } from './input.ts';

/** @param body what the request is answered with @returns the write that goes with the request's own */
export type Record = (admitted: Admitted, body: unknown, now: number) => Statement;

/** @returns undefined where the operation leaves no record */
export function recorder(
  action: string,
  endpoint: Endpoint,
  { database, clientAddress }: Dependencies,
): Record | undefined {
  if (endpoint.method === 'get' || endpoint.unrecorded !== undefined) return undefined;
  return ({ context, principal }, body, now) =>
    insertAuditRecord(database, {
      id: createIdentifier(now),
      keyId: principal.keyId,
      keyName: principal.name,
      action,
      object: objectOf(endpoint.path, context.req.path, body),
      address: clientAddress(context),
      createdAt: now,
    });
}

/**
 * What a request changed: what its path names, up to the last parameter; where it has none, what was made.
 *
 * @param template the path with its parameters: `/v1/experiments/{experimentId}/cancel`
 * @param path of the request
 */
export function objectOf(template: string, path: string, body: unknown): string {
  const named = template.split('/').findLastIndex((segment) => segment.startsWith('{'));
  const segments = path.split('/');
  // Without the empty beginning and the version.
  if (named >= 0) return segments.slice(2, named + 1).join('/');
  const made = typeof body === 'object' && body !== null && 'id' in body ? [String(body.id)] : [];
  return [...segments.slice(2), ...made].join('/');
}
