/**
 * Statements in Drizzle's language, built once for a database: Drizzle takes many times longer to build one than SQLite to
 * run it (docs/results/edge-statements.md).
 */
import { is, Placeholder, sql, type GetColumnData, type SQL, type SQLWrapper } from 'drizzle-orm';
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core';
import { toSql, type Database } from './database.ts';

/** What `build` makes, once for each database. */
function onceFor<Made>(build: (database: Database) => Made): (database: Database) => Made {
  const known = new WeakMap<Database, Made>();
  return (database) => {
    let made = known.get(database);
    if (made === undefined) {
      made = build(database);
      known.set(database, made);
    }
    return made;
  };
}

/** @param build makes the query with `sql.placeholder(...)` for its values and ends in `.prepare()` */
export function prepared<Query>(build: (database: Database) => Query): (database: Database) => Query {
  return onceFor(build);
}

/** The row that a prepared query finds. */
export type RowOf<Query extends (database: Database) => { get(): Promise<unknown> }> = NonNullable<
  Awaited<ReturnType<ReturnType<Query>['get']>>
>;

/** The place of a value in a statement; JSON goes in as text. */
export type Value<Values> = (name: keyof Values & string) => SQL;

/**
 * A write that is built once.
 *
 * @returns binds the values; the statement runs in `commit`
 */
export function compiled<Values extends object>(
  build: (database: Database, value: Value<Values>) => SQLWrapper,
): (database: Database, values: Values) => D1PreparedStatement {
  const statementOf = onceFor((database) => {
    const { sql: text, params } = toSql(build(database, (name) => sql`${sql.placeholder(name)}`));
    const names = params.map((param) => (is(param, Placeholder) ? param.name : undefined));
    return { statement: database.$client.prepare(text), params, names };
  });
  return (database, values) => {
    const { statement, params, names } = statementOf(database);
    const bound = names.map((name, place) =>
      name === undefined ? params[place] : values[name as keyof Values],
    );
    return statement.bind(...bound);
  };
}

type Named<Columns extends Record<string, SQLiteColumn>> = {
  [Name in keyof Columns]: SQL.Aliased<GetColumnData<Columns[Name]>>;
};

/** Columns under their names in the code, for the rows of a batch, which come as the database names them. */
export function named<Columns extends Record<string, SQLiteColumn>>(columns: Columns): Named<Columns> {
  const entries = Object.entries(columns).map(([name, column]) => [name, sql`${column}`.as(name)]);
  return Object.fromEntries(entries) as Named<Columns>;
}

/** The value that an `insert` could not write because its key was there. */
export function excluded(column: SQLiteColumn): SQL {
  return sql`excluded.${sql.identifier(column.name)}`;
}
