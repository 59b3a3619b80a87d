/** Runs a handler: idempotency before, one commit after, and the response with its ETag. */
import type { Context } from 'hono';
import { DEFAULT_MAXIMUM_BYTES, isBytes, type Endpoint } from '../../shared/api/endpoint.ts';
import type { Dependencies } from '../dependencies.ts';
import { conflict } from '../problem.ts';
import { commit, isLostRace, type Statement } from '../store/database.ts';
import type { AppEnvironment } from './guard.ts';
import type { Call, UploadCall } from './handler.ts';
import { readIdempotency } from './idempotency.ts';
import { sha256 } from './keys.ts';
import { StreamedBody } from './streamed-body.ts';

/** A handler with its types erased: the table of handlers has checked them against the contract. */
export type AnyHandler = (
  input: { parameters: unknown; query: unknown; body: unknown },
  call: Call | UploadCall,
) => Promise<
  | Response
  | { readonly body?: unknown; readonly bodyWhenRepeated?: unknown; readonly writes?: readonly Statement[] }
>;

/** In each round of a race for one unique row somebody wins, so many rounds mean very many racers. */
const MAXIMUM_ROUNDS = 50;

export async function answer(
  endpoint: Endpoint,
  handler: AnyHandler,
  context: Context<AppEnvironment>,
  { database, clock }: Dependencies,
): Promise<Response> {
  const now = clock();
  const valid = (target: string) => (context.req.valid as (target: string) => unknown)(target);
  const input = { parameters: valid('param'), query: valid('query'), body: valid('json') };
  const upload =
    endpoint.body && isBytes(endpoint.body)
      ? new StreamedBody(context.req.raw.body, endpoint.maximumBytes ?? DEFAULT_MAXIMUM_BYTES)
      : undefined;
  const principal = context.get('principal');
  const call = { principal, now, request: context.req.raw, ...(upload ? { upload } : {}) };
  const idempotency = await readIdempotency(endpoint, context, database, upload, now);
  for (let round = 0; round < MAXIMUM_ROUNDS; round++) {
    const stored = await idempotency?.replay();
    if (stored) return stored;
    const reply = await handler(input, call);
    if (reply instanceof Response) return reply;
    const document = serialise(endpoint, reply.body);
    const repeated = serialise(endpoint, reply.bodyWhenRepeated ?? reply.body);
    const record = await idempotency?.record(endpoint.status, repeated ?? '');
    try {
      await commit(database, [...(reply.writes ?? []), ...(record ? [record.statement] : [])]);
      return respond(endpoint, document, context.req.header('if-none-match'));
    } catch (error) {
      if (!isLostRace(error)) throw error;
    }
  }
  throw conflict('Too many requests change this at the same time; send the request again');
}

/** The schema strips what the contract does not name: a column can not leak by accident. */
function serialise({ response }: Endpoint, body: unknown): string | undefined {
  if (response === undefined || isBytes(response)) return undefined;
  return JSON.stringify(response.parse(body));
}

function respond(
  endpoint: Endpoint,
  document: string | undefined,
  ifNoneMatch: string | undefined,
): Response {
  if (document === undefined) return new Response(null, { status: endpoint.status });
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  if (endpoint.method !== 'get') return new Response(document, { status: endpoint.status, headers });
  const etag = `"${sha256(document).slice(0, 32)}"`;
  const fresh = { ...headers, etag, 'cache-control': 'private, no-cache' };
  const known = ifNoneMatch?.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
  return known
    ? new Response(null, { status: 304, headers: fresh })
    : new Response(document, { status: endpoint.status, headers: fresh });
}
