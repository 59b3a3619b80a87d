/** The typed client that the runner, the dashboard and the tests use; its types come from the contract. */
import type { z } from 'zod';
import { contract, type Contract, type OperationId } from './contract.ts';
import { apiKey, ConfigurationError, KEY_FAULT } from '../read-variables.ts';
import { UserError } from '../user-error.ts';
import { isBytes, type Bytes, type Endpoint } from './endpoint.ts';
import { problem, type Problem } from './problem.ts';
import { SESSION_HEADER } from './sessions.ts';

/** What may pass by itself below status 500: a time-out, a request that came too early, or one too many. */
const TOO_EARLY = new Set([408, 425, 429]);

/** The edge refused: `problem` names the field and the cure. */
export class ApiError extends UserError {
  override readonly name = 'ApiError';
  readonly problem: Problem;

  constructor(operation: string, document: Problem) {
    const { status, title, detail, errors = [] } = document;
    const fields = errors.map((field) => `\n  ${field.pointer}: ${field.detail}`);
    super(`${operation}: ${status} ${title}: ${detail}${fields.join('')}`, {
      code: document.type.split(':').at(-1) ?? 'refused',
      retryable: status >= 500 || TOO_EARLY.has(status),
    });
    this.problem = document;
  }
}

type Nothing = Readonly<Record<string, never>>;
type Part<Name extends string, T> = T extends z.ZodType
  ? Nothing extends z.input<T>
    ? { readonly [K in Name]?: z.input<T> }
    : { readonly [K in Name]: z.input<T> }
  : T extends Bytes
    ? { readonly [K in Name]: BodyInit }
    : { readonly [K in Name]?: never };

interface CallOptions {
  readonly signal?: AbortSignal;
  readonly headers?: Record<string, string>;
  /** For a POST that creates; made at random where it is not given. */
  readonly idempotencyKey?: string;
}

type Input<E extends Endpoint> = Part<'parameters', E['parameters']> &
  Part<'query', E['query']> &
  Part<'body', E['body']>;
/** The parsed document; the open response where the endpoint answers bytes. */
type Output<E extends Endpoint> = E['response'] extends z.ZodType
  ? z.output<E['response']>
  : E['response'] extends Bytes
    ? Response
    : undefined;
type Call<E extends Endpoint> = (
  ...given: Nothing extends Input<E>
    ? [input?: Input<E>, options?: CallOptions]
    : [input: Input<E>, options?: CallOptions]
) => Promise<Output<E>>;

/** One method per operation id of the contract. */
export type Client = { readonly [Id in OperationId]: Call<Contract[Id]> };

interface ClientOptions {
  /** Where the edge answers, without a slash at the end: `http://localhost:8787`. */
  readonly baseUrl: string;
  /** Left out by the edge's own pages, whose browser has a session. */
  readonly key?: string;
  readonly fetch?: (request: Request) => Promise<Response>;
}

/** What any operation takes. */
export interface AnyInput {
  readonly parameters?: Record<string, string>;
  readonly query?: Record<string, string | number | boolean | undefined>;
  readonly body?: unknown;
}

/** The address of a request: parameters and query in their places. */
export function requestUrl(baseUrl: string, endpoint: Endpoint, input: AnyInput): string {
  const path = endpoint.path.replaceAll(/\{(\w+)\}/g, (_, parameter: string) =>
    encodeURIComponent(input.parameters?.[parameter] ?? ''),
  );
  const query = new URLSearchParams();
  for (const [field, value] of Object.entries(input.query ?? {})) {
    if (value !== undefined) query.append(field, String(value));
  }
  return query.size > 0 ? `${baseUrl}${path}?${query}` : `${baseUrl}${path}`;
}

/**
 * The client of an edge.
 *
 * @throws ApiError when the edge answers a problem; ZodError when it answers a document outside the contract
 */
export function createClient({ baseUrl, key, fetch: send = fetch }: ClientOptions): Client {
  async function call(id: OperationId, input: AnyInput, options: CallOptions): Promise<unknown> {
    const endpoint: Endpoint = contract[id];
    const headers = new Headers(options.headers);
    // Headers would show the key in their error.
    if (key !== undefined && !apiKey.safeParse(key).success)
      throw new ConfigurationError(`The key of the edge ${KEY_FAULT}`);
    if (key === undefined) headers.set(SESSION_HEADER, '1');
    else headers.set('authorization', `Bearer ${key}`);
    if (endpoint.creates) headers.set('idempotency-key', options.idempotencyKey ?? crypto.randomUUID());
    const init: RequestInit & { duplex?: 'half' } = { method: endpoint.method.toUpperCase(), headers };
    if (options.signal) init.signal = options.signal;
    if (endpoint.body) {
      const bytes = isBytes(endpoint.body);
      const mediaType = bytes ? endpoint.body.mediaType : 'application/json';
      if (!headers.has('content-type')) headers.set('content-type', mediaType);
      init.body = bytes ? (input.body as BodyInit) : JSON.stringify(input.body);
      init.duplex = 'half';
    }
    const response = await send(new Request(requestUrl(baseUrl, endpoint, input), init));
    if (!response.ok) throw new ApiError(id, await readProblem(response));
    if (!endpoint.response) return undefined;
    return isBytes(endpoint.response) ? response : endpoint.response.parse(await response.json());
  }
  return Object.fromEntries(
    (Object.keys(contract) as OperationId[]).map((id) => [
      id,
      (input: AnyInput = {}, options: CallOptions = {}) => call(id, input, options),
    ]),
  ) as unknown as Client;
}

/** The problem document of a refusal; whatever else stands between the client and the edge is told as it is. */
async function readProblem(response: Response): Promise<Problem> {
  const text = await response.text();
  if (response.headers.get('content-type')?.startsWith('application/problem+json')) {
    return problem.parse(JSON.parse(text));
  }
  return {
    type: 'about:blank',
    title: response.statusText || 'Not an answer of the edge',
    status: response.status,
    detail: text.slice(0, 500),
  };
}
