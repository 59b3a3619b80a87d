/** Queries on API keys. */
import { and, desc, eq, isNull, like, lt, ne, sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Database, Statement } from './database.ts';
import { readCursor, toPage, type PageRequest } from './page.ts';
import { apiKeys } from './schema/index.ts';
import { prepared } from './statement.ts';

export type KeyRow = typeof apiKeys.$inferSelect;

/** Every request reads its key. */
const keyById = prepared((database) =>
  database
    .select()
    .from(apiKeys)
    .where(eq(apiKeys.id, sql.placeholder('keyId')))
    .prepare(),
);

export async function findKey(database: Database, keyId: string): Promise<KeyRow | undefined> {
  return await keyById(database).get({ keyId });
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

/** Keys that may do everything. */
const administrates = and(isNull(apiKeys.revokedAt), like(apiKeys.scopes, '%"admin"%'));

/** Whether any key but this one could still make keys. */
export async function hasAdministrator(database: Database, exceptKeyId = ''): Promise<boolean> {
  return (await database.$count(apiKeys, and(administrates, ne(apiKeys.id, exceptKeyId)))) > 0;
}

export function revokeKey(database: Database, keyId: string, now: number): Statement {
  return database
    .update(apiKeys)
    .set({ revokedAt: now })
    .where(and(eq(apiKeys.id, keyId), isNull(apiKeys.revokedAt)));
}

/** A key whose id is known beforehand: made anew or given a new secret, and valid again if it was revoked. */
export function renewKey(database: Database, key: KeyRow): Statement {
  const { secretSha256, scopes, revokedAt } = key;
  return database
    .insert(apiKeys)
    .values(key)
    .onConflictDoUpdate({ target: apiKeys.id, set: { secretSha256, scopes, revokedAt } });
}

/** A key that was revoked meanwhile stays as it is. */
export function replaceSecret(database: Database, keyId: string, secretSha256: string): Statement {
  return database
    .update(apiKeys)
    .set({ secretSha256 })
    .where(and(eq(apiKeys.id, keyId), isNull(apiKeys.revokedAt)));
}
