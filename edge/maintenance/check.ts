/** Walks everything of a store, and repairs what it can. */
import { isServed, lockFolder, FolderServedError } from '../hosts/folder-lock.ts';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../shared/user-error.ts';
import { collect } from '../store/collect.ts';
import { artifacts } from '../store/schema/index.ts';
import { checkBytes, checkForgotten } from './check-artifacts.ts';
import { checkNamed, checkPages, checkReferences, databaseDamaged } from './check-database.ts';
import { checkFiles } from './check-files.ts';
import type { Finding, Repaired } from './finding.ts';
import { DATABASE_FILE } from '../hosts/store-folder.ts';
import { openFolder, type OpenFolder } from './folder.ts';

export interface CheckReport {
  readonly directory: string;
  readonly isServed: boolean;
  readonly artifacts: number;
  readonly bytes: number;
  /** Artifacts that nothing uses and that wait for the collector. */
  readonly collectable: { readonly artifacts: number; readonly bytes: number };
  readonly findings: readonly (Finding & { readonly repaired?: Repaired })[];
}

/** SQLite's errors of a file that it cannot make sense of: SQLITE_CORRUPT and SQLITE_NOTADB. */
export const isDamage = (error: unknown): error is Error =>
  error instanceof Error && 'errcode' in error && [11, 26].includes(Number(error.errcode) & 0xff);

interface Situation {
  readonly isServed: boolean;
  readonly now: number;
}

/** Whether it is there at all is told by who opens it: a lock file is made in no folder but a store's. */
const isStore = (directory: string) => existsSync(join(directory, DATABASE_FILE));

/**
 * Changes nothing, and may run while an edge serves the folder.
 *
 * @throws UserError where there is no store of this version
 */
export async function checkStore(directory: string, now: number): Promise<CheckReport> {
  return await look(directory, { isServed: isStore(directory) && isServed(directory), now });
}

/** @throws UserError where there is no store of this version */
export async function look(directory: string, situation: Situation): Promise<CheckReport> {
  try {
    const folder = openFolder(directory, { readOnly: true });
    try {
      return await walk(folder, situation);
    } finally {
      folder.close();
    }
  } catch (error) {
    if (!isDamage(error)) throw error;
    const findings = [databaseDamaged(error.message)];
    const nothing = { artifacts: 0, bytes: 0 };
    return { directory, isServed: situation.isServed, ...nothing, collectable: nothing, findings };
  }
}

async function walk(folder: OpenFolder, situation: Situation): Promise<CheckReport> {
  const pages = checkPages(folder);
  const files = await folder.blobs.list();
  const rows = await folder.database.select().from(artifacts);
  const bytesOf = (some: typeof rows) => some.reduce((sum, { bytes }) => sum + bytes, 0);
  const collectable = rows.filter(({ dueAt }) => dueAt !== null);
  const findings = [
    ...pages,
    ...checkReferences(folder),
    ...checkNamed(folder),
    ...(await checkFiles(folder, files, rows, situation)),
    ...(await checkForgotten(folder)),
    ...(await checkBytes(folder, rows)),
  ];
  return {
    directory: folder.directory,
    isServed: situation.isServed,
    artifacts: rows.length,
    bytes: bytesOf(rows),
    collectable: { artifacts: collectable.length, bytes: bytesOf(collectable) },
    findings,
  };
}

/**
 * Checks, and does what can be done about what was found.
 *
 * @throws UserError where an edge serves the folder
 */
export async function repairStore(directory: string, now: number): Promise<CheckReport> {
  const unlock = isStore(directory) ? lockForRepair(directory) : () => undefined;
  try {
    const report = await look(directory, { isServed: false, now });
    if (report.findings.some(({ code }) => code === 'database-damaged')) return report;
    const folder = openFolder(directory, { readOnly: false });
    try {
      const findings = [];
      for (const finding of report.findings) {
        findings.push({ ...finding, ...(finding.repair && { repaired: await finding.repair(folder, now) }) });
      }
      while ((await collect(folder, now)) > 0);
      return { ...report, findings };
    } finally {
      folder.close();
    }
  } finally {
    unlock();
  }
}

function lockForRepair(directory: string): () => void {
  try {
    return lockFolder(directory);
  } catch (cause) {
    if (!(cause instanceof FolderServedError)) throw cause;
    throw new UserError(
      `An edge serves ${directory}, and a repair would take from under it what it is working with`,
      {
        code: 'store-served',
        cure: 'Stop the edge, repair, and start it again; rlcd store check without --repair can run meanwhile, and a PUT of the right bytes mends an artifact while the edge serves',
        cause,
      },
    );
  }
}
