/**
 * A backup of a store, taken while an edge serves it.
 *
 * First the database, as it is at one moment, then the bytes of the artifacts that it names: a blob is never changed, and the
 * edge deletes one an hour after its row at the soonest. What went all the same was wanted by nobody, and goes from the copy,
 * too. The whole is verified as `rlcd store check` does before it gets its name.
 */
import { existsSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { eq } from 'drizzle-orm';
import { hasCode } from '../../shared/caught.ts';
import { UserError } from '../../shared/user-error.ts';
import { flush } from '../hosts/flush.ts';
import { migrate, missingMigrations } from '../hosts/migrate-node.ts';
import { NodeDatabase } from '../hosts/node-database.ts';
import { artifactBlob, findArtifact, type ArtifactRow } from '../store/artifacts.ts';
import { artifacts, unusedBlobs, uploads } from '../store/schema/index.ts';
import { isDamage, look } from './check.ts';
import { BLOBS_FOLDER, DATABASE_FILE } from '../hosts/store-folder.ts';
import { openFolder, type OpenFolder } from './folder.ts';
import { readManifest, sha256OfFile, writtenManifest, type Manifest } from './manifest.ts';
import { copyFlushed, makeWhole, writeFlushed } from './whole-folder.ts';

/**
 * @param out a folder that is not there yet
 * @throws UserError where it is, or where there is no store of this version
 */
export async function backUp(directory: string, out: string, now: number): Promise<Manifest> {
  if (existsSync(out)) {
    throw new UserError(`${out} is there already`, {
      code: 'place-taken',
      cure: 'Name a folder that is not: a backup is never written over another',
    });
  }
  try {
    const source = openFolder(directory, { readOnly: true });
    try {
      return await makeWhole(out, async (partial) => await fill(source, partial, now));
    } finally {
      source.close();
    }
  } catch (cause) {
    if (!isDamage(cause)) throw cause;
    throw new UserError(`The database of ${directory} is damaged: ${cause.message}`, {
      code: 'store-damaged',
      cure: 'Stop the edge, and restore the last backup into an empty folder',
      cause,
    });
  }
}

async function fill(source: OpenFolder, partial: string, now: number): Promise<Manifest> {
  const file = join(partial, DATABASE_FILE);
  source.client.exec(`VACUUM INTO '${file.replaceAll("'", "''")}'`);
  const copy = openFolder(partial, { readOnly: false });
  try {
    // Uploads that are under way are begun anew: their parts go at any time.
    for (const table of [uploads, unusedBlobs]) await copy.database.delete(table);
    for (const row of await copy.database.select().from(artifacts)) await copyArtifact(source, copy, row);
    // One file, with nothing that belongs to it beside it.
    copy.client.exec('PRAGMA journal_mode = DELETE');
  } finally {
    copy.close();
  }
  await flush(file);
  const { artifacts: count, bytes, findings } = await look(partial, { isServed: false, now });
  const { path, text, said } = writtenManifest(partial, {
    createdAt: new Date(now).toISOString(),
    artifacts: count,
    bytes,
    faults: findings.map(({ found }) => found),
    databaseSha256: await sha256OfFile(file),
  });
  await writeFlushed(path, text);
  return said;
}

/** A backup of an older version gets what it lacks; one of this version stays as it is, to the byte. */
function bringUp(file: string): void {
  const looked = new NodeDatabase(file, { readOnly: true });
  const isOlder = missingMigrations(looked).length > 0;
  looked.close();
  if (!isOlder) return;
  const client = new NodeDatabase(file);
  migrate(client);
  client.close();
}

/** @throws UserError where there is anything in the folder */
function requireEmpty(directory: string): void {
  if (!existsSync(directory) || readdirSync(directory).length === 0) return;
  throw new UserError(`${directory} is not empty`, {
    code: 'place-taken',
    cure: 'Restore into a folder that is empty or not there, and have the edge serve that one (--data, RLCD_DATA)',
  });
}

/** What cannot be copied is found by the check of the whole. */
async function copyArtifact(source: OpenFolder, copy: OpenFolder, row: ArtifactRow): Promise<void> {
  if (await copyBlob(source.directory, copy.directory, row)) return;
  const present = await findArtifact(source.database, row.sha256);
  if (present === undefined && row.dueAt !== null)
    await copy.database.delete(artifacts).where(eq(artifacts.sha256, row.sha256));
}

/** @returns whether there were bytes */
async function copyBlob(from: string, to: string, row: ArtifactRow): Promise<boolean> {
  const place = join(BLOBS_FOLDER, artifactBlob(row));
  try {
    await copyFlushed(join(from, place), join(to, place));
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}

/**
 * Makes the folder of a store out of a backup.
 *
 * @param directory a folder that is empty or not there
 * @throws UserError where it is not, or the backup is not whole, is damaged, or was made by a newer version
 */
export async function restore(from: string, directory: string, now: number): Promise<Manifest> {
  const manifest = readManifest(from);
  requireEmpty(directory);
  const damaged = (fault: string) =>
    new UserError(`The backup ${from} is damaged: ${fault}`, {
      code: 'backup-damaged',
      cure: 'Restore another backup; nothing was restored from this one',
    });
  await makeWhole(directory, async (partial) => {
    const file = join(partial, DATABASE_FILE);
    await copyFlushed(join(from, DATABASE_FILE), file);
    if ((await sha256OfFile(file)) !== manifest.databaseSha256)
      throw damaged(`its ${DATABASE_FILE} is not the one that was written`);
    bringUp(file);
    const copy = openFolder(partial, { readOnly: true });
    try {
      for (const row of await copy.database.select().from(artifacts)) await copyBlob(from, partial, row);
    } finally {
      copy.close();
    }
    const { findings } = await look(partial, { isServed: false, now });
    const fault = findings.find(({ found }) => !manifest.faults.includes(found));
    if (fault) throw damaged(fault.found);
    for (const end of ['-wal', '-shm']) await rm(`${file}${end}`, { force: true });
  });
  return manifest;
}
