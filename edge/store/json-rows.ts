/** Many rows in one statement: a JSON array as one parameter, read as a table, because D1 binds at most 100 values. */
import { getTableColumns, sql, type InferInsertModel, type SQL, type SQLWrapper } from 'drizzle-orm';
import type { SQLiteTable } from 'drizzle-orm/sqlite-core';

/** The elements of a JSON array as the table `given`. */
export function jsonRows(json: SQL | string): SQL {
  return sql`json_each(${json}) given`;
}

const pathOf = (path: string | number) => sql.raw(typeof path === 'number' ? String(path) : `'${path}'`);

/** A field of {@link jsonRows}: a text, a number or null. @param path a name, an index or a JSON path */
export function given<Data = unknown>(path: string | number): SQL<Data> {
  return sql<Data>`given.value ->> ${pathOf(path)}`;
}

/** The same as JSON. */
export function givenJson(path: string | number): SQL {
  return sql`given.value -> ${pathOf(path)}`;
}

/** Every column of a table in its order, as `insert ... select` takes them: what is not said has its default. */
export function allColumns<Table extends SQLiteTable>(
  table: Table,
  said: { readonly [Name in keyof InferInsertModel<Table>]: SQLWrapper },
): Record<keyof InferInsertModel<Table>, SQL.Aliased> {
  const columns = Object.entries(getTableColumns(table)).map(([name, column]) => {
    const value = said[name as keyof typeof said] as SQLWrapper | undefined;
    const standard = column.default === undefined ? sql`null` : sql`${column.default}`;
    return [name, (value === undefined ? standard : sql`${value}`).as(name)];
  });
  return Object.fromEntries(columns) as Record<keyof InferInsertModel<Table>, SQL.Aliased>;
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
