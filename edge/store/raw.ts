/**
 * Statements as plain SQL, for the lease state machine and its kin: Drizzle takes 90 µs to build an update that
 * SQLite runs in 9 µs, and a claim has five statements.
 */
import type { Database } from './database.ts';

export type RawStatement = D1PreparedStatement;
type Value = string | number | null;

/** @param sql with plain `?` only: node:sqlite does not bind `?1` by position */
export function raw(database: Database, sql: string, ...values: readonly Value[]): RawStatement {
  return database.$client.prepare(sql).bind(...values);
}

/** The rows of one read. `Row` is what the statement's text says; its tests hold it to that. */
export async function rows<Row>(statement: RawStatement): Promise<Row[]> {
  return (await statement.all<Row>()).results;
}

/** Runs statements in one transaction: all of them or none. @returns the rows of each */
export async function runBatch(
  database: Database,
  statements: readonly RawStatement[],
): Promise<readonly unknown[][]> {
  const results = await database.$client.batch(statements as RawStatement[]);
  return results.map((result) => result.results);
}

/** Largest JSON text that one parameter carries; D1 allows 2 MB in a value. */
const MAXIMUM_JSON_BYTES = 1_000_000;

/**
 * Cuts rows into JSON arrays for `json_each(?)`.
 *
 * @throws RangeError where one row alone is too large for D1
 */
export function jsonChunks(items: Iterable<unknown>): string[] {
  const chunks: string[] = [];
  let texts: string[] = [];
  let bytes = 0;
  for (const item of items) {
    const text = JSON.stringify(item);
    const size = Buffer.byteLength(text) + 1;
    if (size > MAXIMUM_JSON_BYTES) {
      throw new RangeError(`a row of ${size} bytes is over the ${MAXIMUM_JSON_BYTES} that the store takes`);
    }
    if (bytes + size > MAXIMUM_JSON_BYTES) {
      chunks.push(`[${texts.join(',')}]`);
      texts = [];
      bytes = 0;
    }
    texts.push(text);
    bytes += size;
  }
  if (texts.length > 0) chunks.push(`[${texts.join(',')}]`);
  return chunks;
}
