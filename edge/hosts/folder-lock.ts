/** One edge to a folder: a lock of SQLite, which the system lets go whatever ends the process. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ConfigurationError } from '../../shared/read-variables.ts';

const BUSY = 5;

const fileOf = (directory: string) => join(directory, 'edge.lock');

/** Another edge has the folder. */
export class FolderServedError extends ConfigurationError {}

/** @returns lets the folder go @throws FolderServedError where another edge has it */
export function lockFolder(directory: string): () => void {
  const lock = new DatabaseSync(fileOf(directory));
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.close();
    if (!(cause instanceof Error && 'errcode' in cause && cause.errcode === BUSY)) throw cause;
    throw new FolderServedError(
      `Another edge serves the folder ${directory}: stop it, or name another folder (RLCD_DATA)`,
      { cause },
    );
  }
  return () => lock.close();
}

/** Whether an edge has the folder; leaves it as it is, so that one that starts meanwhile can. */
export function isServed(directory: string): boolean {
  if (!existsSync(fileOf(directory))) return false;
  const lock = new DatabaseSync(fileOf(directory), { readOnly: true });
  try {
    lock.prepare('SELECT count(*) FROM sqlite_master').get();
    return false;
  } catch (error) {
    if (error instanceof Error && 'errcode' in error && error.errcode === BUSY) return true;
    throw error;
  } finally {
    lock.close();
  }
}
