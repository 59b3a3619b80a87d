/**
 * Idempotency keys: the answer to a POST that creates is stored in the batch of its effect, so a repeated
 * request finds either both (and gets the same answer) or neither (and has its effect once).
 */
import type { Endpoint } from '../../shared/api/endpoint.ts';
import type { Database, Statement } from '../store/database.ts';
import { findRecord, insertRecord } from '../store/idempotency.ts';
import type { Admitted } from './input.ts';
import { sha256 } from './keys.ts';
import { ProblemError } from './problem.ts';
import { SECURITY_HEADERS } from './security-headers.ts';

export interface Idempotency {
  /** The answer stored for this key, if it was used before. @throws ProblemError 422 for another request */
  replay(): Promise<Response | undefined>;
  /** The write that stores the answer; goes into the batch of the effect. */
  record(status: number, body: string): Promise<{ readonly statement: Statement }>;
}

/** @returns undefined where the operation does not create or the request carries no `Idempotency-Key` */
export function readIdempotency(
  endpoint: Endpoint,
  { context, principal: { keyId }, input: { text, upload } }: Admitted,
  database: Database,
  now: number,
): Idempotency | undefined {
  const idempotencyKey = context.req.header('idempotency-key');
  if (!endpoint.creates || idempotencyKey === undefined) return undefined;
  const { pathname, search } = new URL(context.req.url);
  const body = upload ? undefined : sha256(text);
  // The hash of a stream is known after it was read, by the handler or here.
  const hashRequest = async () => {
    await upload?.drain();
    return sha256(`${context.req.method} ${pathname}${search}\n${upload?.sha256 ?? body}`);
  };
  return {
    async replay() {
      const record = await findRecord(database, keyId, idempotencyKey);
      if (!record) return undefined;
      if (record.requestSha256 !== (await hashRequest())) {
        throw new ProblemError('idempotency-mismatch', 'Use a new Idempotency-Key for a new request');
      }
      return new Response(record.body, {
        status: record.status,
        headers: { ...SECURITY_HEADERS, 'content-type': 'application/json', 'idempotency-replayed': 'true' },
      });
    },
    async record(status, body) {
      const requestSha256 = await hashRequest();
      // In an object: a Drizzle statement runs when it is awaited, and so when an async function returns it.
      const record = { keyId, idempotencyKey, requestSha256, status, body, createdAt: now };
      return { statement: insertRecord(database, record) };
    },
  };
}
