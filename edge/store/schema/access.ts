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
  revokedAt: instant('revoked_at'),
});

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
