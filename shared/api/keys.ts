/** The contract of API keys: the secret is shown once, when the key is made. */
import { z } from 'zod';
import { defineEndpoints } from './endpoint.ts';
import { identifier, instant, text } from './fields.ts';
import { page, pageQuery } from './page.ts';
import { SCOPES } from './words.ts';

/** The last millisecond that a date can say. */
const MAXIMUM_INSTANT = 8_640_000_000_000_000;

const scopes = z
  .array(z.enum(SCOPES))
  .min(1)
  .max(SCOPES.length)
  .refine((value) => new Set(value).size === value.length, { error: 'must not repeat a scope' });

const key = z
  .object({
    id: identifier,
    name: z.string(),
    scopes,
    createdAt: instant,
    /** The key that made it; null where the edge itself did, at its first start. */
    createdBy: z.string().nullable(),
    revokedAt: instant.nullable(),
    /** From then on it is refused; null: never. */
    expiresAt: instant.nullable(),
    /** To the minute; null: not yet. */
    lastUsedAt: instant.nullable(),
    /** Null: the limit of all keys alone. */
    requestsPerMinute: z.int().nullable(),
  })
  .meta({ id: 'Key' });

/** The secret is null when the request is repeated: it is not kept. Rotate the key to get another. */
const newKey = key.extend({ secret: z.string().nullable() }).meta({ id: 'NewKey' });

export const keyEndpoints = defineEndpoints({
  getOwnKey: {
    method: 'get',
    path: '/v1/key',
    tag: 'keys',
    summary: "Who one is: the id and the scopes of the request's key",
    scopes: SCOPES,
    status: 200,
    /** `bootstrap` is the id of the key that the edge's environment gives. */
    response: z.object({ id: z.string(), scopes: z.array(z.enum(SCOPES)) }).meta({ id: 'OwnKey' }),
  },
  createKey: {
    method: 'post',
    path: '/v1/keys',
    tag: 'keys',
    summary: 'Make a key; the answer is the only time its secret is shown',
    scopes: ['admin'],
    body: z.strictObject({
      name: text(100),
      scopes,
      /** From then on it is refused; left out: never. */
      expiresAt: instant.max(MAXIMUM_INSTANT).optional(),
      /** More are answered 429 with `Retry-After`; left out: the limit of all keys alone. */
      requestsPerMinute: z.int().min(1).max(1_000_000).optional(),
    }),
    status: 201,
    response: newKey,
    creates: true,
  },
  listKeys: {
    method: 'get',
    path: '/v1/keys',
    tag: 'keys',
    summary: 'List keys, the newest first',
    scopes: ['admin'],
    query: pageQuery({}),
    status: 200,
    response: page(key),
  },
  rotateKey: {
    method: 'post',
    path: '/v1/keys/{keyId}/rotate',
    tag: 'keys',
    summary: 'Give a key a new secret; the old one ends at once, leases and uploads of the key stay',
    scopes: ['admin'],
    parameters: z.strictObject({ keyId: identifier }),
    status: 200,
    response: newKey,
    creates: true,
  },
  revokeKey: {
    method: 'delete',
    path: '/v1/keys/{keyId}',
    tag: 'keys',
    summary: 'Revoke a key at once and for ever',
    scopes: ['admin'],
    parameters: z.strictObject({ keyId: identifier }),
    status: 204,
  },
});
