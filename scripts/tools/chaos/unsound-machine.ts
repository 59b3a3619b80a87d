/**
 * Loaded into the edge before its own code: its disk and its clock become as bad as whoever started it says, by messages
 * on the channel of the process. The faults sit where the edge meets the system: in the writes of files, in the database's
 * pages and commits, and in `Date.now`.
 */
import fs, { type WriteStream } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import sqlite, { type StatementSync } from 'node:sqlite';
import { unsoundness, type Unsoundness } from './unsoundness.ts';

/** SQLite's error of a disk without room. */
const FULL = 13;
const NO_LIMIT_OF_PAGES = 0xfffffffe;
const WAIT = new Int32Array(new SharedArrayBuffer(4));

const databases = new Set<sqlite.DatabaseSync>();
let now: Unsoundness = unsoundness.parse(
  JSON.parse(new URL(import.meta.url).searchParams.get('state') ?? '{}'),
);

const realNow = Date.now.bind(Date);
Date.now = () => Math.floor(realNow() + now.clockAhead);

function set(next: Unsoundness): void {
  now = next;
  for (const database of databases) limitPages(database, next.isDiskFull);
}

/** A full database cannot grow; what fits into its free pages is written all the same, as on a disk. */
function limitPages(database: sqlite.DatabaseSync, isFull: boolean): void {
  const [pages] = Object.values(database.prepare('PRAGMA page_count').get() ?? {});
  database.exec(`PRAGMA max_page_count = ${isFull ? Number(pages) : NO_LIMIT_OF_PAGES}`);
}

class UnsoundDatabase extends sqlite.DatabaseSync {
  constructor(...given: ConstructorParameters<typeof sqlite.DatabaseSync>) {
    super(...given);
    databases.add(this);
  }

  override close(): void {
    databases.delete(this);
    super.close();
  }

  override prepare(sql: string): StatementSync {
    const statement = super.prepare(sql);
    if (sql !== 'COMMIT') return statement;
    const run = statement.run.bind(statement);
    statement.run = (...given: unknown[]) => {
      if (now.isDiskFull) {
        throw Object.assign(new Error('database or disk is full'), {
          code: 'ERR_SQLITE_ERROR',
          errcode: FULL,
        });
      }
      // Synchronous, as the disk's own slowness is.
      if (now.writeMilliseconds > 0) Atomics.wait(WAIT, 0, 0, now.writeMilliseconds);
      return run(...(given as Parameters<typeof run>));
    };
    return statement;
  }
}

type Write = (
  descriptor: number,
  buffer: Uint8Array,
  offset: number,
  length: number,
  position: number | null,
  done: (error: NodeJS.ErrnoException | null, written: number, buffer: Uint8Array) => void,
) => void;

/** Half of what is written still finds room. */
const write: Write = (descriptor, buffer, offset, length, position, done) => {
  const { isDiskFull, writeMilliseconds } = now;
  setTimeout(() => {
    if (!isDiskFull) return fs.write(descriptor, buffer, offset, length, position, done);
    fs.write(descriptor, buffer, offset, Math.floor(length / 2), position, () => {
      const error = new Error('ENOSPC: no space left on device, write');
      done(Object.assign(error, { code: 'ENOSPC', errno: -28, syscall: 'write' }), 0, buffer);
    });
  }, writeMilliseconds);
};

const createWriteStream = fs.createWriteStream;
fs.createWriteStream = (path): WriteStream =>
  createWriteStream(path, { fs: { open: fs.open, close: fs.close, write } });
sqlite.DatabaseSync = UnsoundDatabase;
syncBuiltinESMExports();

process.on('message', (message) => set(unsoundness.parse(message)));
