/** Applies the migrations that a database file lacks, in wrangler's own table. */
import { readdirSync, readFileSync } from 'node:fs';
import type { NodeDatabase } from './node-database.ts';

const MIGRATIONS = new URL('../../migrations/', import.meta.url);

/** Each migration and its row in `d1_migrations` commit together. */
export function migrate(database: NodeDatabase): void {
  database.exec(`CREATE TABLE IF NOT EXISTS d1_migrations(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT UNIQUE,
    applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
  );`);
  const names = readdirSync(MIGRATIONS).filter((name) => name.endsWith('.sql'));
  for (const name of names.sort()) {
    database.transaction(() => {
      const known = database.prepare('SELECT 1 FROM d1_migrations WHERE name = ?').bind(name).execute();
      if (known.results.length > 0) return;
      database.exec(readFileSync(new URL(name, MIGRATIONS), 'utf8'));
      database.prepare('INSERT INTO d1_migrations (name) VALUES (?)').bind(name).execute();
    });
  }
}
