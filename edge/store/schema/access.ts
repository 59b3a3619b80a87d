/** API keys, and the answers kept for requests that carried an idempotency key. */
import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import type { Scope } from '../../../shared/api/words.ts';
import { id, instant, json } from './columns.ts';

export const apiKeys = sqliteTable('api_keys', {
  id: id(),
  name: text('name').notNull(),
  /** SHA-256 of the secret, hexadecimal; the secret has 256 random bits, so no slow hash is needed. */
  secretSha256: text('secret_sha256').notNull(),
  scopes: json<Scope[]>('scopes').notNull(),
  createdAt: instant('created_at').notNull(),
  /** The key that made it; null where the edge itself did. */
  createdBy: text('created_by'),
  revokedAt: instant('revoked_at'),
  /** From then on it is refused; null: never. */
  expiresAt: instant('expires_at'),
  /** To the minute. */
  lastUsedAt: instant('last_used_at'),
  /** Null: the host's own limit alone. */
  requestsPerMinute: integer('requests_per_minute'),
  /** Null: as much as anyone. */
  openStreams: integer('open_streams'),
  storedBytes: integer('stored_bytes'),
  experimentsUnderWay: integer('experiments_under_way'),
});

/** Browsers that stay signed in, each by a secret of its own in a cookie. */
export const sessions = sqliteTable(
  'sessions',
  {
    id: id(),
    /** SHA-256 of the cookie's value, hexadecimal. */
    secretSha256: text('secret_sha256').notNull(),
    /** The key that it was begun with, `bootstrap` for the environment's. */
    keyId: text('key_id').notNull(),
    /** SHA-256 of that key's secret, as it was then. */
    keySha256: text('key_sha256').notNull(),
    createdAt: instant('created_at').notNull(),
    expiresAt: instant('expires_at').notNull(),
  },
  (table) => [index('sessions_expiry').on(table.expiresAt)],
);

/** Who changed what, when and from where; ids rise with time, so a range of them is a span of time. */
export const auditRecords = sqliteTable(
  'audit_records',
  {
    id: id(),
    keyId: text('key_id').notNull(),
    /** As the key was called then. */
    keyName: text('key_name').notNull(),
    /** The operation's id in the contract. */
    action: text('action').notNull(),
    object: text('object').notNull(),
    address: text('address').notNull(),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [
    index('audit_records_key').on(table.keyId, table.id),
    index('audit_records_action').on(table.action, table.id),
    index('audit_records_object').on(table.object, table.id),
  ],
);

/** Written in the same batch as the effect it answers for: either both exist or neither. */
export const idempotencyRecords = sqliteTable(
  'idempotency_records',
  {
    keyId: text('key_id').notNull(),
    idempotencyKey: text('idempotency_key').notNull(),
    /** SHA-256 of method, path and body: the same key with another request is refused. */
    requestSha256: text('request_sha256').notNull(),
    status: integer('status').notNull(),
    body: text('body').notNull(),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.keyId, table.idempotencyKey] }),
    index('idempotency_records_created').on(table.createdAt),
  ],
);
