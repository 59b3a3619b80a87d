/** Queries on API keys. */
import { and, desc, eq, isNull, lt } from 'drizzle-orm';
import { z } from 'zod';
import type { Database, Statement } from './database.ts';
import { readCursor, toPage, type PageRequest } from './page.ts';
import { raw, rows } from './raw.ts';
import { apiKeys } from './schema/index.ts';

export type KeyRow = typeof apiKeys.$inferSelect;

/** In plain SQL, compiled once: every request reads its key. */
const FIND = `SELECT id, name, secret_sha256 AS secretSha256, scopes, created_at AS createdAt, revoked_at AS revokedAt
  FROM api_keys WHERE id = ?`;

export async function findKey(database: Database, keyId: string): Promise<KeyRow | undefined> {
  const [row] = await rows<Omit<KeyRow, 'scopes'> & { scopes: string }>(raw(database, FIND, keyId));
  return row && { ...row, scopes: JSON.parse(row.scopes) as KeyRow['scopes'] };
}

export async function listKeys(database: Database, page: PageRequest) {
  const before = readCursor(page, z.string());
  const rows = await database
    .select()
    .from(apiKeys)
    .where(before === undefined ? undefined : lt(apiKeys.id, before))
    .orderBy(desc(apiKeys.id))
    .limit(page.limit + 1);
  return toPage(rows, page, (row) => row.id);
}

export function insertKey(database: Database, key: KeyRow): Statement {
  return database.insert(apiKeys).values(key);
}

export function revokeKey(database: Database, keyId: string, now: number): Statement {
  return database
    .update(apiKeys)
    .set({ revokedAt: now })
    .where(and(eq(apiKeys.id, keyId), isNull(apiKeys.revokedAt)));
}

/** A key that was revoked meanwhile stays as it is. */
export function replaceSecret(database: Database, keyId: string, secretSha256: string): Statement {
  return database
    .update(apiKeys)
    .set({ secretSha256 })
    .where(and(eq(apiKeys.id, keyId), isNull(apiKeys.revokedAt)));
}
