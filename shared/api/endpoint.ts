/**
 * What one route promises, as data: method, path, who may call it, what it takes and what it answers.
 *
 * The edge registers routes from it, the OpenAPI document is generated from it, and the typed client and the
 * table-driven tests read it. Nothing about a route is said twice.
 */
import type { z } from 'zod';
import type { ProblemCode } from './problem.ts';
import type { Scope } from './words.ts';

/** Bytes that are not one JSON document: a file, JSON lines, server-sent events, plain text. */
export interface Bytes {
  readonly mediaType: string;
  /** What a request may send, or an answer may be, instead. */
  readonly otherTypes?: readonly string[];
  /** The forms of those of its types that have one, for those who make clients of the document. */
  readonly forms?: Readonly<Record<string, z.ZodType>>;
}

/** The meaning of 304. */
export const NOT_CHANGED = 'Not changed since the ETag of If-None-Match';

/** Largest request body where an endpoint does not say another. */
export const DEFAULT_MAXIMUM_BYTES = 1024 * 1024;

export interface Endpoint {
  readonly method: 'get' | 'post' | 'put' | 'delete';
  /** OpenAPI form: `/v1/principles/{principleName}`. A parameter's name is unique to what it identifies. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  /** A key with one of these scopes may call it; empty: no key is needed. */
  readonly scopes: readonly Scope[];
  readonly parameters?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType | Bytes;
  /** Largest request body; {@link DEFAULT_MAXIMUM_BYTES} where it is not said. */
  readonly maximumBytes?: number;
  readonly status: 200 | 201 | 202 | 204 | 206;
  /** Absent for 204. */
  readonly response?: z.ZodType | Bytes;
  /** A GET of bytes that must be made first: what it answers with 202 and `Retry-After` until they are. */
  readonly pending?: z.ZodType;
  /** What it may answer beside its status, and what that means: 206 in the form of the response, others without a body. */
  readonly also?: { readonly 204?: string; readonly 206?: string; readonly 304?: string };
  /**
   * What its handler may refuse, beside what follows from the rest: a wrong request, a missing key, a body that is too
   * large. Held against the source by a test.
   */
  readonly refuses?: readonly ProblemCode[];
  /** Refusals of whoever the request is handed on to: their statuses, and the JSON document that each is. */
  readonly handedOn?: { readonly statuses: readonly number[]; readonly refusal: z.ZodType };
  /** A POST that creates: takes `Idempotency-Key`, and its effect and answer are stored together. */
  readonly creates?: true;
  /**
   * What is no GET leaves a record in the audit log for every request, but for what changes nothing; for the traffic of a
   * lease, which comes every few seconds and which the tasks and the event log keep; and for the ends of a lease, whose
   * own writes record each once, however often it is asked.
   */
  readonly unrecorded?: 'changes nothing' | 'lease traffic' | 'by the lease itself';
}

/** Keeps the literal types of a contract: `defineEndpoints({ listPrinciples: { ... } })`. */
export function defineEndpoints<const T extends Record<string, Endpoint>>(endpoints: T): T {
  return endpoints;
}

export function isBytes(content: z.ZodType | Bytes): content is Bytes {
  return 'mediaType' in content;
}

type Parsed<T> = T extends z.ZodType ? z.output<T> : undefined;

/** What a handler gets: validated parts; `body` is undefined where it is bytes (read the request's stream). */
export interface EndpointInput<E extends Endpoint> {
  readonly parameters: Parsed<E['parameters']>;
  readonly query: Parsed<E['query']>;
  readonly body: Parsed<E['body']>;
}

/** What a handler answers: the document before its schema's defaults; undefined for bytes and 204. */
export type EndpointOutput<E extends Endpoint> = E['response'] extends z.ZodType
  ? z.input<E['response']>
  : undefined;
