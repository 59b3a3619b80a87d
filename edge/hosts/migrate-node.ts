/** Applies the migrations that a database file lacks, in wrangler's own table. */
import { readdirSync, readFileSync } from 'node:fs';
import { ConfigurationError } from '../../shared/read-variables.ts';
import type { NodeDatabase } from './node-database.ts';

const MIGRATIONS = new URL('../../migrations/', import.meta.url);

/**
 * The migrations that a database lacks, in their order.
 *
 * @throws ConfigurationError for a database that a newer version has written: this one would misread it
 */
export function missingMigrations(database: NodeDatabase): string[] {
  const names = readdirSync(MIGRATIONS).filter((name) => name.endsWith('.sql'));
  const found = database.prepare(`SELECT 1 FROM sqlite_master WHERE name = 'd1_migrations'`).execute();
  if (found.results.length === 0) return names.sort();
  const { results } = database.prepare('SELECT name FROM d1_migrations ORDER BY id').execute();
  const applied = new Set((results as { name: string }[]).map(({ name }) => name));
  const unknown = [...applied].find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new ConfigurationError(
      `A newer version of rlcd has written this store (its migration ${unknown} is not known here): start that version`,
    );
  }
  return names.filter((name) => !applied.has(name)).sort();
}

/** Each migration and its row in `d1_migrations` commit together. @throws as {@link missingMigrations} */
export function migrate(database: NodeDatabase): void {
  database.exec(`CREATE TABLE IF NOT EXISTS d1_migrations(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT UNIQUE,
    applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
  );`);
  for (const name of missingMigrations(database)) {
    database.transaction(() => {
      const known = database.prepare('SELECT 1 FROM d1_migrations WHERE name = ?').bind(name).execute();
      if (known.results.length > 0) return;
      database.exec(readFileSync(new URL(name, MIGRATIONS), 'utf8'));
      database.prepare('INSERT INTO d1_migrations (name) VALUES (?)').bind(name).execute();
    });
  }
}
