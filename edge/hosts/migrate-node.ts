/** Applies the migrations that a database file lacks, in wrangler's own table. */
import { readdirSync, readFileSync } from 'node:fs';
import { ConfigurationError } from '../../shared/read-variables.ts';
import type { NodeDatabase } from './node-database.ts';

const MIGRATIONS = new URL('../../migrations/', import.meta.url);

/**
 * Each migration and its row in `d1_migrations` commit together.
 *
 * @throws ConfigurationError for a database that a newer version has written: this one would misread it
 */
export function migrate(database: NodeDatabase): void {
  database.exec(`CREATE TABLE IF NOT EXISTS d1_migrations(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT UNIQUE,
    applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
  );`);
  const names = readdirSync(MIGRATIONS).filter((name) => name.endsWith('.sql'));
  const applied = database.prepare('SELECT name FROM d1_migrations ORDER BY id').execute().results;
  const unknown = (applied as { name: string }[]).find(({ name }) => !names.includes(name));
  if (unknown) {
    throw new ConfigurationError(
      `A newer version of rlcd has written this store (its migration ${unknown.name} is not known here): start that version`,
    );
  }
  for (const name of names.sort()) {
    database.transaction(() => {
      const known = database.prepare('SELECT 1 FROM d1_migrations WHERE name = ?').bind(name).execute();
      if (known.results.length > 0) return;
      database.exec(readFileSync(new URL(name, MIGRATIONS), 'utf8'));
      database.prepare('INSERT INTO d1_migrations (name) VALUES (?)').bind(name).execute();
    });
  }
}
