/** One edge to a folder: a lock of SQLite, which the system lets go whatever ends the process. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ConfigurationError } from '../../shared/read-variables.ts';

const BUSY = 5;

/** @returns lets the folder go @throws ConfigurationError where another edge has it */
export function lockFolder(directory: string): () => void {
  const lock = new DatabaseSync(join(directory, 'edge.lock'));
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.close();
    if (!(cause instanceof Error && 'errcode' in cause && cause.errcode === BUSY)) throw cause;
    throw new ConfigurationError(
      `Another edge serves the folder ${directory}: stop it, or name another folder (RLCD_DATA)`,
      { cause },
    );
  }
  return () => lock.close();
}
