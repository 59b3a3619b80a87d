/** Queries on the answers kept for idempotency keys. */
import { and, eq } from 'drizzle-orm';
import type { Database, Statement } from './database.ts';
import { idempotencyRecords } from './schema/index.ts';

type IdempotencyRecord = typeof idempotencyRecords.$inferSelect;

export async function findRecord(
  database: Database,
  keyId: string,
  idempotencyKey: string,
): Promise<IdempotencyRecord | undefined> {
  return await database
    .select()
    .from(idempotencyRecords)
    .where(and(eq(idempotencyRecords.keyId, keyId), eq(idempotencyRecords.idempotencyKey, idempotencyKey)))
    .get();
}

export function insertRecord(database: Database, record: IdempotencyRecord): Statement {
  return database.insert(idempotencyRecords).values(record);
}
