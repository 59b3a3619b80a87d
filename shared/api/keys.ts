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
    id: identifier.describe('Its id'),
    name: z.string().describe('What people call it'),
    scopes: scopes.describe('What the key may do'),
    createdAt: instant.describe('When it was made: milliseconds since the epoch, UTC'),
    createdBy: z
      .string()
      .nullable()
      .describe('The key that made it; null where the edge itself did, at its first start'),
    revokedAt: instant
      .nullable()
      .describe('When it was revoked: milliseconds since the epoch, UTC; null: not at all'),
    expiresAt: instant.nullable().describe('From then on it is refused; null: never'),
    lastUsedAt: instant.nullable().describe('To the minute; null: not yet'),
    requestsPerMinute: z.int().nullable().describe('Null: the limit of all keys alone'),
    openStreams: z
      .int()
      .nullable()
      .describe('Live events and completions that may be under way at once; null: no limit'),
    storedBytes: z
      .int()
      .nullable()
      .describe('Bytes of artifacts and prompt sets that it may have made, as sent; null: no limit'),
    experimentsUnderWay: z
      .int()
      .nullable()
      .describe('Experiments that may be queued or running; null: no limit'),
  })
  .meta({ id: 'Key', description: 'An API key, without its secret' });

/** The secret is null when the request is repeated: it is not kept. Rotate the key to get another. */
const newKey = key
  .extend({
    secret: z
      .string()
      .nullable()
      .describe(
        'The secret, for `Authorization: Bearer`; null when the request is repeated, for it is not kept',
      ),
  })
  .meta({ id: 'NewKey', description: 'An API key with its secret, which is shown once' });

export const keyEndpoints = defineEndpoints({
  getOwnKey: {
    method: 'get',
    path: '/v1/key',
    tag: 'keys',
    summary: "Who one is: the id and the scopes of the request's key",
    scopes: SCOPES,
    status: 200,
    /** `bootstrap` is the id of the key that the edge's environment gives. */
    response: z
      .object({
        id: z.string().describe('Its id; `bootstrap` is the key of the environment'),
        scopes: z.array(z.enum(SCOPES)).describe('What the key may do'),
      })
      .meta({ id: 'OwnKey', description: "The request's key" }),
  },
  createKey: {
    method: 'post',
    path: '/v1/keys',
    tag: 'keys',
    summary: 'Make a key; the answer is the only time its secret is shown',
    scopes: ['admin'],
    body: z.strictObject({
      name: text(100).describe('What people call it'),
      scopes: scopes.describe('What the key may do'),
      expiresAt: instant
        .max(MAXIMUM_INSTANT)
        .optional()
        .describe('From then on it is refused; left out: never'),
      requestsPerMinute: z
        .int()
        .min(1)
        .max(1_000_000)
        .optional()
        .describe('More are answered 429 with `Retry-After`; left out: the limit of all keys alone'),
      openStreams: z
        .int()
        .min(1)
        .max(1_000_000)
        .optional()
        .describe(
          'Live events and completions under way at once; more are answered 429 with `Retry-After`; left out: no limit',
        ),
      storedBytes: z
        .int()
        .min(1)
        .optional()
        .describe(
          'Bytes of artifacts and prompt sets that it makes, as sent; more are answered 409 until some are deleted; left out: no limit',
        ),
      experimentsUnderWay: z
        .int()
        .min(1)
        .max(1_000_000)
        .optional()
        .describe('Queued or running; more are answered 429 with `Retry-After`; left out: no limit'),
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
    parameters: z.strictObject({ keyId: identifier.describe('The key, by its id') }),
    refuses: ['not-found'],
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
    parameters: z.strictObject({ keyId: identifier.describe('The key, by its id') }),
    refuses: ['conflict', 'not-found'],
    status: 204,
  },
});
