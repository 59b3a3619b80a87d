/** The database as the edge uses it: Drizzle over D1, or over the D1-shaped class of the Node host. */
import { DrizzleQueryError } from 'drizzle-orm';
import type { BatchItem } from 'drizzle-orm/batch';
import { drizzle, type DrizzleD1Database } from 'drizzle-orm/d1';
import * as schema from './schema/index.ts';

/** `$client` is for statements in plain SQL (raw.ts). */
export type Database = DrizzleD1Database<typeof schema> & { readonly $client: D1Database };

/** A statement that is not run yet: handlers return their writes, so that they commit in one batch. */
export type Statement = BatchItem<'sqlite'>;

export function openDatabase(client: D1Database): Database {
  return drizzle(client, { schema });
}

/** Runs statements in one transaction: all of them or none. */
export async function commit(database: Database, statements: readonly Statement[]): Promise<void> {
  const [first, ...rest] = statements;
  if (first) await database.batch([first, ...rest]);
}

/** Whether a write failed because a unique row exists: someone else was first. */
export function isUniqueViolation(error: unknown): boolean {
  const cause = error instanceof DrizzleQueryError ? error.cause : error;
  return cause instanceof Error && /UNIQUE constraint failed|PRIMARY KEY constraint/i.test(cause.message);
}
