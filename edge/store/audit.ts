/** Queries on the audit log. */
import { and, desc, eq, gte, inArray, lt, sql, type SQL, type SQLWrapper } from 'drizzle-orm';
import { z } from 'zod';
import type { Database, Statement } from './database.ts';
import { leastIdentifier } from './identifier.ts';
import { readCursor, toPage, type PageRequest } from './page.ts';
import { apiKeys, auditRecords } from './schema/index.ts';

type AuditRow = typeof auditRecords.$inferSelect;

export interface AuditFilters {
  readonly key?: string | undefined;
  readonly object?: string | undefined;
  readonly action?: string | undefined;
  /** Milliseconds since the epoch: from then on. */
  readonly from?: number | undefined;
  /** Up to then, and not then itself. */
  readonly to?: number | undefined;
}

const ROWS_A_READ = 500;

export function insertAuditRecord(database: Database, row: AuditRow): Statement {
  return database.insert(auditRecords).values(row);
}

/** What a key is called now, for records that the database makes itself. @param keyId of the key */
export const keyNameOf = (database: Database, keyId: SQL): SQL =>
  sql`coalesce(${database.select({ name: apiKeys.name }).from(apiKeys).where(eq(apiKeys.id, keyId))}, ${keyId})`;

/** The newest first. @param before an id: what is older alone */
async function readRecords(
  database: Database,
  { key, object, action, from, to }: AuditFilters,
  before: string | undefined,
  limit: number,
): Promise<AuditRow[]> {
  const { id, keyId, object: changed, action: did } = auditRecords;
  return await database
    .select()
    .from(auditRecords)
    .where(
      and(
        key === undefined ? undefined : eq(keyId, key),
        object === undefined ? undefined : eq(changed, object),
        action === undefined ? undefined : eq(did, action),
        from === undefined ? undefined : gte(id, leastIdentifier(from)),
        to === undefined ? undefined : lt(id, leastIdentifier(to)),
        before === undefined ? undefined : lt(id, before),
      ),
    )
    .orderBy(desc(id))
    .limit(limit);
}

export async function listAuditRecords(database: Database, query: AuditFilters & PageRequest) {
  const before = readCursor(query, z.string());
  const rows = await readRecords(database, query, before, query.limit + 1);
  return toPage(rows, query, ({ id }) => id);
}

/** All that fit, the newest first, some at a time: memory does not grow with the log. */
export async function* readAuditRecords(
  database: Database,
  filters: AuditFilters,
): AsyncGenerator<AuditRow[]> {
  let before: string | undefined;
  for (;;) {
    const rows = await readRecords(database, filters, before, ROWS_A_READ);
    if (rows.length > 0) yield rows;
    before = rows.at(-1)?.id;
    if (rows.length < ROWS_A_READ) return;
  }
}

/** @param until records from before then go @param most of them at once */
export function removeAuditRecords(database: Database, until: number, most: number): SQLWrapper {
  const old = database
    .select({ id: auditRecords.id })
    .from(auditRecords)
    .where(lt(auditRecords.id, leastIdentifier(until)))
    .orderBy(auditRecords.id)
    .limit(most);
  return database.delete(auditRecords).where(inArray(auditRecords.id, old));
}
