/** Queries on API keys. */
import { and, desc, eq, isNull, like, lt, lte, ne, or, sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Database, Statement } from './database.ts';
import { readCursor, toPage, type PageRequest } from './page.ts';
import { apiKeys } from './schema/index.ts';
import { prepared } from './statement.ts';

export type KeyRow = typeof apiKeys.$inferSelect;
type NewKey = typeof apiKeys.$inferInsert;

/** Between two writes of when a key was last used. */
export const TOUCH_MILLISECONDS = 60_000;

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

export function insertKey(database: Database, key: NewKey): Statement {
  return database.insert(apiKeys).values(key);
}

/** Keys that may do everything, for good: one that ends leaves nobody behind. */
const administrates = and(
  isNull(apiKeys.revokedAt),
  isNull(apiKeys.expiresAt),
  like(apiKeys.scopes, '%"admin"%'),
);

/** Whether any key but this one could still make keys. */
export async function hasAdministrator(database: Database, exceptKeyId = ''): Promise<boolean> {
  return (await database.$count(apiKeys, and(administrates, ne(apiKeys.id, exceptKeyId)))) > 0;
}

/** Whether another administrator is there; as `administrates`, of the rows beside the one that is written. */
const hasOther = (keyId: string) => sql`exists (select 1 from ${apiKeys} as others where others.id <> ${keyId}
  and others.revoked_at is null and others.expires_at is null and others.scopes like '%"admin"%')`;

/**
 * @param keepsAdministrator whether the batch shall have no effect where no other administrator is left by then: the column
 *   is NOT NULL, and isLostRace knows it, so that the request is looked at again
 */
export function revokeKey(
  database: Database,
  keyId: string,
  now: number,
  { keepsAdministrator = false }: { readonly keepsAdministrator?: boolean } = {},
): Statement {
  const secretSha256 = sql`case when ${hasOther(keyId)} then ${apiKeys.secretSha256} end`;
  return database
    .update(apiKeys)
    .set({ revokedAt: now, ...(keepsAdministrator && { secretSha256 }) })
    .where(and(eq(apiKeys.id, keyId), isNull(apiKeys.revokedAt)));
}

/** A key whose id is known beforehand: made anew or given a new secret, and valid again if it was revoked. */
export function renewKey(database: Database, key: NewKey): Statement {
  const { secretSha256, scopes, revokedAt = null } = key;
  return database
    .insert(apiKeys)
    .values(key)
    .onConflictDoUpdate({ target: apiKeys.id, set: { secretSha256, scopes, revokedAt } });
}

/** Once a minute at the most, however many ask at the same time. @param now milliseconds since the epoch */
export function touchKey(database: Database, keyId: string, now: number): Statement {
  const { id, lastUsedAt } = apiKeys;
  return database
    .update(apiKeys)
    .set({ lastUsedAt: now })
    .where(and(eq(id, keyId), or(isNull(lastUsedAt), lte(lastUsedAt, now - TOUCH_MILLISECONDS))));
}

/** A key that was revoked meanwhile stays as it is. */
export function replaceSecret(database: Database, keyId: string, secretSha256: string): Statement {
  return database
    .update(apiKeys)
    .set({ secretSha256 })
    .where(and(eq(apiKeys.id, keyId), isNull(apiKeys.revokedAt)));
}
