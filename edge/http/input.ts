/** Reads what a request carries and holds it against the contract: path, query, idempotency key, JSON body. */
import type { Context } from 'hono';
import { z } from 'zod';
import { DEFAULT_MAXIMUM_BYTES, isBytes, type Endpoint } from '../../shared/api/endpoint.ts';
import type { Place } from '../../shared/api/field-errors.ts';
import { fromIssues } from '../domain/errors.ts';
import type { Principal } from './keys.ts';
import { countsOf, type Counts } from './counts.ts';
import { ProblemError } from './problem.ts';
import { StreamedBody, tooLarge } from './streamed-body.ts';

export interface Input {
  readonly parameters: unknown;
  readonly query: unknown;
  /** Of a JSON body. */
  readonly body: unknown;
  /** The JSON body as it was sent: the idempotency key is bound to it. */
  readonly text: string;
  /** Where the body is bytes: not read yet. */
  readonly upload: StreamedBody | undefined;
}

/** A request that may pass, read as far as its endpoint says. */
export interface Admitted {
  readonly context: Context;
  readonly principal: Principal;
  readonly input: Input;
}

export const idempotencyHeader = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,200}$/, 'must be 1 to 200 visible ASCII characters')
    .optional()
    .meta({ description: 'The same key with the same request has one effect and one answer' }),
});

const NO_QUERY = z.strictObject({});
const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json$/;

/** @throws DomainError naming every wrong field */
function check(place: Place, form: z.ZodType, value: unknown): unknown {
  const checked = form.safeParse(value);
  if (checked.success) return checked.data;
  throw fromIssues(place, checked.error.issues);
}

function readQuery({ req }: Context): Record<string, string | string[]> {
  if (!req.url.includes('?')) return {};
  return Object.fromEntries(
    Object.entries(req.queries()).map(([name, values]) => {
      const [only, ...others] = values;
      return [name, only === undefined || others.length > 0 ? values : only];
    }),
  );
}

function mediaTypeOf({ req }: Context): string | undefined {
  return req.header('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
}

/** Where the length is told, the server holds the sender to it; else the bytes are counted as they come. */
async function readBytes({ req }: Context, maximumBytes: number): Promise<Uint8Array | ArrayBuffer> {
  if (req.header('content-length') !== undefined && req.header('transfer-encoding') === undefined) {
    return await req.arrayBuffer().catch((cause: unknown) => {
      throw new ProblemError(
        'incomplete-body',
        `The connection broke before the body ended; send it again (${String(cause)})`,
      );
    });
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of new StreamedBody(req.raw.body, maximumBytes).chunks()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function decode(bytes: Uint8Array | ArrayBuffer): string {
  try {
    return UTF8.decode(bytes);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new ProblemError('malformed-json', 'The body is not UTF-8: JSON has no other encoding (RFC 8259)');
  }
}

function parseJson(text: string, counts: Counts): unknown {
  counts.beforeParsing(text);
  try {
    const value: unknown = JSON.parse(text);
    counts.beforeReading(value);
    return value;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new ProblemError('malformed-json', 'The body must be one JSON document in UTF-8');
  }
}

/**
 * The reader of one endpoint.
 *
 * @returns a function that throws a DomainError for what the contract does not allow, ProblemError 413 beyond the limit, 415 for another type
 */
export function createReader(endpoint: Endpoint): (context: Context) => Promise<Input> {
  const { parameters, query = NO_QUERY, body, maximumBytes = DEFAULT_MAXIMUM_BYTES, creates } = endpoint;
  let counts: Counts | undefined;
  return async (context) => {
    const { req } = context;
    if (Number(req.header('content-length') ?? 0) > maximumBytes) throw tooLarge(maximumBytes);
    const mediaType = body && mediaTypeOf(context);
    if (body && isBytes(body)) {
      const types = [body.mediaType, ...(body.otherTypes ?? [])];
      if (mediaType === undefined || !types.includes(mediaType)) {
        throw new ProblemError('unsupported-media-type', `Send content-type: ${types.join(' or ')}`);
      }
    }
    const found = {
      query: check('query', query, readQuery(context)),
      parameters: parameters && check('path', parameters, req.param()),
    };
    const idempotencyKey = creates && req.header('idempotency-key');
    if (idempotencyKey !== undefined)
      check('header', idempotencyHeader, { 'idempotency-key': idempotencyKey });
    if (!body) return { ...found, body: undefined, text: '', upload: undefined };
    if (isBytes(body)) {
      const upload = new StreamedBody(req.raw.body, maximumBytes);
      return { ...found, body: undefined, text: '', upload };
    }
    if (mediaType !== undefined && !JSON_TYPE.test(mediaType)) throw wrongType();
    const text = decode(await readBytes(context, maximumBytes));
    if (mediaType === undefined && text !== '') throw wrongType();
    // Made when it is first needed: a Worker's start has no time for the forms of all endpoints.
    counts ??= countsOf(body);
    return {
      ...found,
      text,
      upload: undefined,
      body: check('body', body, mediaType === undefined ? {} : parseJson(text, counts)),
    };
  };
}

function wrongType(): ProblemError {
  return new ProblemError('unsupported-media-type', 'Send content-type: application/json');
}
