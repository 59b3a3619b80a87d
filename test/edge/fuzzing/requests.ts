/** Generated requests over every operation of the contract. */
import * as fc from 'fast-check';
import { z } from 'zod';
import { contract, type OperationId } from '../../../shared/api/contract.ts';
import { isBytes, type Bytes, type Endpoint } from '../../../shared/api/endpoint.ts';
import { SCOPES, type Scope } from '../../../shared/api/words.ts';
import { SESSION_HEADER } from '../../../shared/api/sessions.ts';
import { integerBelow } from '../../../shared/random.ts';
import { arbitraryOf } from './arbitrary-of.ts';
import { mutateDocument, mutateText, nastyHeaders, nastySegment } from './mutations.ts';

export interface FuzzRequest {
  readonly operation: OperationId;
  readonly mode: Mode;
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly scope: Scope | undefined;
  readonly body: string | Uint8Array<ArrayBuffer> | undefined;
}

/** Field name -> values that exist in the store: most requests speak of what is there. */
export type Pool = Readonly<Record<string, readonly unknown[]>>;

/** How often each way is taken. */
const MODES = {
  valid: 40,
  mutated: 18,
  'broken-text': 10,
  huge: 1,
  'wrong-scope': 8,
  'wrong-method': 5,
  headers: 8,
  path: 5,
  query: 5,
} as const;
export type Mode = keyof typeof MODES;
export const MODE_NAMES = Object.keys(MODES) as Mode[];
const WEIGHTED = MODE_NAMES.flatMap((mode) => Array<Mode>(MODES[mode]).fill(mode));
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'];
const PROMPT_LINES = [
  '{"prompt":"a"}',
  '{"prompt":"b","split":"dev"}',
  '{"chosen":"\\n\\nAssistant: x"}',
  '{"messages":[{"role":"user","content":"a"}],"more":1}',
  '',
  '{',
  '\0',
];

/** Mostly the first. */
const typeOf = ({ mediaType, otherTypes = [] }: Bytes, choice: number) => otherTypes[choice] ?? mediaType;

const schemaOf = (schema: z.ZodType | undefined) =>
  arbitraryOf(
    schema ? (z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as object) : { type: 'object' },
  );

interface Shape {
  readonly id: OperationId;
  readonly endpoint: Endpoint;
  readonly values: fc.Arbitrary<{ parameters: unknown; query: unknown; body: unknown }>;
}

const shapes: Shape[] = Object.entries<Endpoint>(contract).map(([id, endpoint]) => ({
  id: id as OperationId,
  endpoint,
  values: fc.record({
    parameters: schemaOf(endpoint.parameters),
    query: schemaOf(endpoint.query),
    body:
      endpoint.body && isBytes(endpoint.body)
        ? fc.array(fc.constantFrom(...PROMPT_LINES), { maxLength: 4 }).map((lines) => lines.join('\n'))
        : schemaOf(endpoint.body),
  }),
}));

/** Puts what exists in the place of what was made up, three times in four. */
function fromPool(value: unknown, pool: Pool, pick: (bound: number) => number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => fromPool(item, pool, pick));
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => {
      // A made-up field may be called `constructor`.
      const known = Object.hasOwn(pool, key) ? pool[key] : undefined;
      return [key, known && pick(4) > 0 ? known[pick(known.length)] : fromPool(field, pool, pick)];
    }),
  );
}

function encodePath(path: string, parameters: unknown): string {
  const values = parameters as Record<string, unknown>;
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(wellFormed(values[name])));
}

/** Some made-up objects cannot become a text by themselves. */
const wellFormed = (value: unknown) =>
  (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).toWellFormed();

/**
 * Requests in a stream that the seed decides.
 *
 * @param count how many
 */
export function* generateRequests(seed: number, count: number, pool: Pool): Generator<FuzzRequest> {
  let counter = 0;
  const pick = (bound: number) => integerBelow(Math.max(1, bound), seed, 1, counter++);
  const streams = shapes.map(({ values }, index) => {
    const each = Math.ceil(count / shapes.length);
    return fc.sample(values, { seed: seed + index, numRuns: each });
  });
  const segments = fc.sample(nastySegment, { seed, numRuns: count });
  const headersOfCall = fc.sample(nastyHeaders, { seed, numRuns: count });
  for (let index = 0; index < count; index++) {
    const shape = shapes[index % shapes.length];
    const values = streams[index % shapes.length]?.[Math.floor(index / shapes.length)];
    if (!shape || !values) throw new Error('a stream of values is too short');
    const mode = WEIGHTED[pick(WEIGHTED.length)] ?? 'valid';
    yield spoil(shape, values, mode, {
      pool,
      pick,
      segment: segments[index] ?? '',
      odd: headersOfCall[index] ?? {},
    });
  }
}

/** What a browser sends from a page of the edge; sessions begin from there alone. */
const OWN_PAGE = { [SESSION_HEADER]: '1', 'sec-fetch-site': 'same-origin' };

interface Chance {
  readonly pool: Pool;
  readonly pick: (bound: number) => number;
  readonly segment: string;
  readonly odd: Record<string, string>;
}

function spoil(
  { id, endpoint }: Shape,
  values: { parameters: unknown; query: unknown; body: unknown },
  mode: Mode,
  { pool, pick, segment, odd }: Chance,
): FuzzRequest {
  const { scopes, body: form } = endpoint;
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(fromPool(values.query, pool, pick) as object)) {
    query.append(name, wellFormed(value));
  }
  let path = encodePath(endpoint.path, fromPool(values.parameters, pool, pick));
  const document = fromPool(values.body, pool, pick);
  const text = form && isBytes(form) ? wellFormed(document) : JSON.stringify(document);
  let body: FuzzRequest['body'] = form ? text : undefined;
  if (mode === 'mutated' && form && !isBytes(form))
    body = JSON.stringify(mutateDocument(document, pick)) ?? '';
  if (mode === 'broken-text' && form) body = mutateText(text, pick);
  if (mode === 'huge' && form) body = text.padEnd(1_100_000, ' ');
  if (mode === 'path') path = `${path.slice(0, path.lastIndexOf('/'))}/${segment}`;
  if (mode === 'query') {
    const names = ['limit', 'cursor', 'unknown', '__proto__', 'status', 'kind'];
    query.append(names[pick(names.length)] ?? '', segment);
  }
  const others = SCOPES.filter((scope) => !scopes.includes(scope));
  const strangers = [...others, undefined];
  return {
    operation: id,
    mode,
    method:
      mode === 'wrong-method' ? (METHODS[pick(METHODS.length)] ?? 'GET') : endpoint.method.toUpperCase(),
    path: query.size > 0 ? `${path}?${query}` : path,
    scope: mode === 'wrong-scope' ? strangers[pick(strangers.length)] : scopes[pick(scopes.length)],
    headers: {
      ...(form ? { 'content-type': isBytes(form) ? typeOf(form, pick(9)) : 'application/json' } : {}),
      ...(endpoint.creates && pick(3) === 0 ? { 'idempotency-key': `key-${pick(40)}` } : {}),
      ...(pick(2) === 0 ? OWN_PAGE : {}),
      ...(mode === 'headers' ? odd : {}),
    },
    body,
  };
}
