/** Who works in a data folder: one program at a time, and others are told which. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { hasCode } from '../../shared/caught.ts';
import { UsageError } from '../../shared/command-line/usage-error.ts';
import { clockTime } from '../../shared/clock-time.ts';

const SQLITE_BUSY = 5;

const holder = z.object({
  /** As a person types it: `rlcd demo`. */
  command: z.string(),
  /** Of the edge that it starts on the folder. */
  url: z.string(),
  pid: z.int(),
  /** Milliseconds since the epoch. */
  since: z.number(),
});
export type Holder = z.infer<typeof holder>;

const lockOf = (folder: string) => join(folder, 'run.lock');
const noteOf = (folder: string) => join(folder, 'run.json');

/** A lock of SQLite, which the system lets go whatever ends the process; undefined where another one has it. */
function lock(folder: string): DatabaseSync | undefined {
  const database = new DatabaseSync(lockOf(folder));
  try {
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return undefined;
    throw error;
  }
}

/** @returns lets the folder go @throws UsageError telling who has it */
export function holdFolder(folder: string, { command, url }: Pick<Holder, 'command' | 'url'>): () => void {
  const held = lock(folder);
  if (held === undefined) throw inUse(folder, readNote(folder));
  const note: Holder = { command, url, pid: process.pid, since: Date.now() };
  // Whole or not at all: others read it at any moment.
  writeFileSync(`${noteOf(folder)}.partial`, JSON.stringify(note));
  renameSync(`${noteOf(folder)}.partial`, noteOf(folder));
  return () => {
    rmSync(noteOf(folder), { force: true });
    held.close();
  };
}

/** Who has the folder; undefined where nobody has it. */
export function holderOf(folder: string): Holder | undefined {
  if (!existsSync(lockOf(folder))) return undefined;
  const held = lock(folder);
  held?.close();
  return held === undefined ? readNote(folder) : undefined;
}

/** Undefined where its program has only just begun. */
function readNote(folder: string): Holder | undefined {
  try {
    return holder.parse(JSON.parse(readFileSync(noteOf(folder), 'utf8')));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function inUse(folder: string, note: Holder | undefined): UsageError {
  const who =
    note === undefined
      ? 'another program'
      : `${note.command} (process ${note.pid}, since ${clockTime(note.since)}, dashboard ${note.url})`;
  return new UsageError(`${who} works in the folder ${folder}`, {
    cure: 'Stop it first (Ctrl-C), or give another folder to --data',
  });
}
