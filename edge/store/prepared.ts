/** Queries built once for a database: Drizzle takes many times longer to build a read by id than SQLite to run it. */
import type { Database } from './database.ts';

/** @param build makes the query with `sql.placeholder(...)` for its values and ends in `.prepare()` */
export function prepared<Query>(build: (database: Database) => Query): (database: Database) => Query {
  const known = new WeakMap<Database, Query>();
  return (database) => {
    let query = known.get(database);
    if (query === undefined) {
      query = build(database);
      known.set(database, query);
    }
    return query;
  };
}
