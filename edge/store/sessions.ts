/** Queries on sessions of browsers. */
import { eq, lte, sql } from 'drizzle-orm';
import type { Database, Statement } from './database.ts';
import { sessions } from './schema/index.ts';
import { prepared } from './statement.ts';

export type SessionRow = typeof sessions.$inferSelect;

const sessionById = prepared((database) =>
  database
    .select()
    .from(sessions)
    .where(eq(sessions.id, sql.placeholder('id')))
    .prepare(),
);

export async function findSession(database: Database, id: string): Promise<SessionRow | undefined> {
  return await sessionById(database).get({ id });
}

export function insertSession(database: Database, session: SessionRow): Statement {
  return database.insert(sessions).values(session);
}

export function removeSession(database: Database, id: string): Statement {
  return database.delete(sessions).where(eq(sessions.id, id));
}

/** Those past their time. @param now milliseconds since the epoch */
export function removeOldSessions(database: Database, now: number): Statement {
  return database.delete(sessions).where(lte(sessions.expiresAt, now));
}
