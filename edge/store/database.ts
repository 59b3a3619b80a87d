/** The database as the edge uses it: Drizzle over D1, or over the D1-shaped class of the Node host. */
import { DrizzleQueryError, type SQLWrapper } from 'drizzle-orm';
import { SQLiteAsyncDialect } from 'drizzle-orm/sqlite-core';
import { drizzle, type DrizzleD1Database } from 'drizzle-orm/d1';
import type { Blobs } from './blobs.ts';
import * as schema from './schema/index.ts';

export type Database = DrizzleD1Database<typeof schema> & { readonly $client: D1Database };

/** Where everything is kept: rows, and bytes. */
export interface Store {
  readonly database: Database;
  readonly blobs: Blobs;
}

/** A statement that is not run yet: handlers return their writes, so that they commit in one batch. */
export type Statement = SQLWrapper | D1PreparedStatement;

export function openDatabase(client: D1Database): Database {
  return drizzle(client, { schema });
}

const dialect = new SQLiteAsyncDialect();

/** The text of a statement and what it binds. */
export function toSql(statement: SQLWrapper): { readonly sql: string; readonly params: unknown[] } {
  return dialect.sqlToQuery(statement.getSQL());
}

/** Runs statements in one transaction: all of them or none. @returns the rows of each, as the database names them */
export async function commit(
  database: Database,
  statements: readonly Statement[],
): Promise<readonly unknown[][]> {
  if (statements.length === 0) return [];
  const client = database.$client;
  const results = await client.batch(
    statements.map((statement) => {
      if (!('getSQL' in statement)) return statement;
      const { sql, params } = toSql(statement);
      return client.prepare(sql).bind(...params);
    }),
  );
  return results.map((result) => result.results);
}

/**
 * Whether a write failed because another request was first: it wrote the same unique row, removed a row that this one refers
 * to, or revoked the other administrator.
 */
export function isLostRace(error: unknown): boolean {
  const cause = error instanceof DrizzleQueryError ? error.cause : error;
  return (
    cause instanceof Error &&
    /(UNIQUE|PRIMARY KEY|FOREIGN KEY) constraint|NOT NULL constraint failed: api_keys\.secret_sha256/i.test(
      cause.message,
    )
  );
}
