/** Runs a handler: idempotency before, one commit after, and the response with its ETag. */
import { isBytes, type Endpoint } from '../../shared/api/endpoint.ts';
import type { Dependencies } from './dependencies.ts';
import type { Record } from './audit.ts';
import { conflict } from '../domain/errors.ts';
import type { Holder } from '../domain/lease.ts';
import { lengthenMissed } from '../orchestration/sweep.ts';
import { commit, isLostRace, type Statement } from '../store/database.ts';
import { commitUnder } from '../store/leases/lease.ts';
import { holdQuotas } from '../store/quotas.ts';
import { etagOf, isKnown } from './etag.ts';
import type { Call, OwnHeaders, UploadCall } from './handler.ts';
import { Lines } from './line.ts';
import { readIdempotency } from './idempotency.ts';
import type { Admitted } from './input.ts';
import { addSecurityHeaders, SECURITY_HEADERS } from './security-headers.ts';

/** A handler with its types erased: the table of handlers has checked them against the contract. */
export type AnyHandler = (
  input: { parameters: unknown; query: unknown; body: unknown },
  call: Call | UploadCall,
) => Promise<
  | Response
  | {
      readonly body?: unknown;
      readonly bodyWhenRepeated?: unknown;
      readonly writes?: readonly Statement[];
      readonly holder?: Holder | undefined;
      readonly headers?: OwnHeaders;
      readonly undo?: () => Promise<void>;
    }
>;

/** In each round of a race for one unique row somebody wins, so many rounds mean very many racers elsewhere. */
const MAXIMUM_ROUNDS = 50;

/** Who lost a race for a row waits in line for the path, and whoever comes then stands behind: the next round is his. */
const losers = new Lines();

export async function answer(
  endpoint: Endpoint,
  handler: AnyHandler,
  admitted: Admitted,
  { database, clock, clientAddress, hearing }: Dependencies,
  record: Record | undefined,
): Promise<Response> {
  const { context, principal, input } = admitted;
  const now = clock();
  if (endpoint.method !== 'get') await lengthenMissed({ database, hearing }, now);
  const { upload } = input;
  const createdBy = { id: principal.keyId, name: principal.name };
  const call = {
    principal,
    createdBy,
    now,
    address: () => clientAddress(context),
    request: context.req.raw,
    ...(upload ? { upload } : {}),
  };
  const idempotency = readIdempotency(endpoint, admitted, database, now);
  /** @returns undefined where another request was first */
  const attempt = async (): Promise<Response | undefined> => {
    const stored = await idempotency?.replay();
    if (stored) return stored;
    const reply = await handler(input, call);
    if (reply instanceof Response) {
      if (record) await commit(database, [record(admitted, undefined, now)]);
      addSecurityHeaders(reply);
      return reply;
    }
    const document = serialise(endpoint, reply.body);
    const repeated =
      reply.bodyWhenRepeated === undefined ? document : serialise(endpoint, reply.bodyWhenRepeated);
    const makes = (reply.writes ?? []).length > 0 && endpoint.method !== 'delete';
    const kept = await idempotency?.record(endpoint.status, repeated ?? '');
    try {
      await commitUnder(database, reply.holder, [
        ...(reply.writes ?? []),
        ...(kept ? [kept.statement] : []),
        ...(record ? [record(admitted, reply.body, now)] : []),
        ...(makes ? holdQuotas(database, principal.keyId, principal.quotas) : []),
      ]);
      return respond(endpoint, document, context.req.header('if-none-match'), reply.headers);
    } catch (error) {
      await reply.undo?.();
      if (!isLostRace(error)) throw error;
      return undefined;
    }
  };
  const line = `${context.req.method} ${context.req.path}`;
  const first = losers.has(line) ? undefined : await attempt();
  if (first) return first;
  return await losers.run(line, async () => {
    for (let round = 0; round < MAXIMUM_ROUNDS; round++) {
      const answered = await attempt();
      if (answered) return answered;
    }
    throw conflict('Too many requests change this at the same time; send the request again');
  });
}

/** The schema strips what the contract does not name: a column can not leak by accident. */
function serialise({ response }: Endpoint, body: unknown): string | undefined {
  if (response === undefined || isBytes(response)) return undefined;
  return JSON.stringify(response.parse(body));
}

const WRITE_HEADERS = {
  ...SECURITY_HEADERS,
  'content-type': 'application/json',
  'cache-control': 'no-store',
};
const READ_HEADERS = { ...WRITE_HEADERS, 'cache-control': 'private, no-cache' };

function respond(
  endpoint: Endpoint,
  document: string | undefined,
  ifNoneMatch: string | undefined,
  own: OwnHeaders | undefined,
): Response {
  const { status, method } = endpoint;
  if (document === undefined) return new Response(null, { status, headers: { ...SECURITY_HEADERS, ...own } });
  if (method !== 'get') return new Response(document, { status, headers: { ...WRITE_HEADERS, ...own } });
  const etag = etagOf(document);
  const headers = { ...READ_HEADERS, etag };
  return isKnown(etag, ifNoneMatch)
    ? new Response(null, { status: 304, headers })
    : new Response(document, { status, headers });
}
