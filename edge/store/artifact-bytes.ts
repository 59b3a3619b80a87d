/**
 * Bytes of artifacts, in and out. Every writing has a blob of its own, told to the store before it has its name: what breaks
 * off is collected, two that write the same at once do not meet, and bytes that were damaged are written anew.
 */
import { createHash, randomUUID } from 'node:crypto';
import { and, eq, exists, sql } from 'drizzle-orm';
import { damaged } from '../domain/errors.ts';
import type { Holder } from '../domain/lease.ts';
import { artifactBlob, findArtifact, type ArtifactRow } from './artifacts.ts';
import { chunksOf, type Blobs, type ByteRange } from './blobs.ts';
import { GRACE_MILLISECONDS } from './collect.ts';
import { commit, type Database, type Statement, type Store } from './database.ts';
import { allColumns } from './json-rows.ts';
import { forgetNote, putNoted, takeBackRefused } from './noted-blobs.ts';
import { holdQuotas, type Quotas } from './quotas.ts';
import { artifacts, taskPuts, unusedBlobs } from './schema/index.ts';
import { verified } from './verified-stream.ts';

export interface NewArtifact extends Pick<
  ArtifactRow,
  'sha256' | 'mediaType' | 'kind' | 'producedByTaskId' | 'createdBy'
> {
  /** The lease under which a runner puts it; undefined: nobody's. */
  readonly holder?: Holder | undefined;
  /** Runs its batch, under that lease; left out: as any batch. */
  readonly commit?: typeof commit;
  /** Whether it stays until somebody deletes it. */
  readonly isKept: boolean;
  /** The quotas of who puts it; left out where nothing holds him. */
  readonly quotas?: Quotas;
}

/** Blobs that a reader has found to have other bytes than their hash; by the store, as long as this process lives. */
const damagedBlobs = new WeakMap<Blobs, Set<string>>();
const MAXIMUM_REMEMBERED = 1000;

function rememberDamage({ blobs }: Store, name: string): void {
  const names = damagedBlobs.get(blobs) ?? new Set();
  if (names.size >= MAXIMUM_REMEMBERED) names.clear();
  damagedBlobs.set(blobs, names.add(name));
}

/**
 * The bytes of an artifact, or a part of them; undefined where they are not stored, or were found damaged and still are.
 * Read whole they are hashed on the way, and end with `artifact-damaged` in the place of their last piece where they are
 * not those of the hash. A part can not be checked.
 */
export async function openArtifact(
  store: Store,
  sha256: string,
  range?: ByteRange,
): Promise<ReadableStream<Uint8Array> | undefined> {
  const row = await findArtifact(store.database, sha256);
  const stream = row && (await openBlob(store, row, range));
  if (stream) return stream;
  // Between the two reads it may have been written anew.
  const again = await findArtifact(store.database, sha256);
  return again && again.writing !== row?.writing ? await openBlob(store, again, range) : undefined;
}

async function openBlob(
  store: Store,
  row: ArtifactRow,
  range: ByteRange | undefined,
): Promise<ReadableStream<Uint8Array> | undefined> {
  const name = artifactBlob(row);
  const found = damagedBlobs.get(store.blobs);
  if (found?.has(name)) {
    if (!(await isIntact(store, row))) return undefined;
    found.delete(name);
  }
  const stream = await store.blobs.get(name, range);
  const isWhole = range === undefined || (range.offset === 0 && range.length === row.bytes);
  if (!stream || !isWhole) return stream;
  return verified(stream, row.sha256, () => {
    rememberDamage(store, name);
    return damaged(row.sha256);
  });
}

/** What is wrong with the stored bytes, as the end of a sentence; undefined: they have the hash. Reads all of them. */
export async function faultOfBytes(
  { blobs }: Pick<Store, 'blobs'>,
  row: ArtifactRow,
): Promise<string | undefined> {
  const bytes = await blobs.size(artifactBlob(row));
  if (bytes === undefined) return 'has no bytes';
  if (bytes !== row.bytes) return `has ${bytes} bytes instead of ${row.bytes}`;
  const stream = await blobs.get(artifactBlob(row));
  if (!stream) return 'has no bytes';
  const hash = createHash('sha256');
  for await (const chunk of chunksOf(stream)) hash.update(chunk);
  const found = hash.digest('hex');
  return found === row.sha256 ? undefined : `has other bytes, with the SHA-256 ${found}`;
}

/** Whether the stored bytes have the hash; reads all of them. */
export async function isIntact(store: Store, row: ArtifactRow): Promise<boolean> {
  return (await faultOfBytes(store, row)) === undefined;
}

/**
 * An artifact that is stored already, and whether its bytes can be relied on; changes nothing.
 *
 * @returns `writing` of one whose bytes are missing or wrong; undefined where there is no such artifact
 */
export async function holdArtifact(
  store: Store,
  sha256: string,
  now: number,
): Promise<{ readonly row: ArtifactRow; readonly intact: boolean } | undefined> {
  const row = await findArtifact(store.database, sha256);
  if (!row) return undefined;
  // One that the collector is about to take is written anew: this request may take its time.
  const stays = row.dueAt === null || row.dueAt > now + GRACE_MILLISECONDS / 2;
  return { row, intact: stays && (await isIntact(store, row)) };
}

/** Who has shown that he has the bytes may name them: a task, under its lease, or a client, who keeps them. */
export function putBy(database: Database, { sha256, holder, isKept }: NewArtifact): Statement[] {
  const kept = database
    .update(artifacts)
    .set({ isKept: true, dueAt: null })
    .where(eq(artifacts.sha256, sha256));
  if (!holder) return isKept ? [kept] : [];
  return [database.insert(taskPuts).values({ taskId: holder.taskId, sha256 }).onConflictDoNothing()];
}

/**
 * Writes an artifact's bytes and then its row; a row whose bytes are damaged gets these.
 *
 * @param wrong the row whose bytes are wrong; undefined where there was none
 * @param verify throws after the last byte where they are not those of the hash
 * @throws what `commit` of the artifact refuses: nothing of it stays then
 */
export async function writeArtifact(
  store: Store,
  artifact: NewArtifact,
  content: AsyncIterable<Uint8Array>,
  verify: () => void,
  now: number,
  wrong?: ArtifactRow,
): Promise<ArtifactRow> {
  const { database } = store;
  const { sha256, mediaType, kind, producedByTaskId, createdBy, isKept } = artifact;
  const writing = randomUUID();
  const name = artifactBlob({ sha256, writing });
  let bytes = 0;
  const counted = async function* () {
    for await (const chunk of content) {
      bytes += chunk.length;
      yield chunk;
    }
  };
  await putNoted(store, name, counted(), now, verify);
  const dueAt = isKept ? null : now + GRACE_MILLISECONDS;
  const description = { sha256, bytes, mediaType, kind, producedByTaskId, createdAt: now, createdBy };
  const row = { ...description, writing, isKept, dueAt };
  const isThis = (writings: string) => and(eq(artifacts.sha256, sha256), eq(artifacts.writing, writings));
  const isNamed = exists(
    database
      .select({ one: sql`1` })
      .from(artifacts)
      .where(isThis(writing)),
  );
  const run = artifact.commit ?? commit;
  await run(database, [
    ...(wrong ? replace(database, wrong, writing, now) : []),
    database.insert(artifacts).values(row).onConflictDoNothing(),
    // Where another writing was first this blob stays to be collected.
    forgetNote(database, name, isNamed),
    ...putBy(database, artifact),
    ...(createdBy && artifact.quotas ? holdQuotas(database, createdBy.id, artifact.quotas) : []),
  ]).catch(async (error: unknown) => await takeBackRefused(store, name, error));
  return (await findArtifact(database, sha256)) ?? row;
}

/** The damaged blob goes, and the row names the new one; nothing where somebody else has mended it meanwhile. */
function replace(database: Database, wrong: ArtifactRow, writing: string, now: number): Statement[] {
  const isDamaged = and(eq(artifacts.sha256, wrong.sha256), eq(artifacts.writing, wrong.writing));
  return [
    database
      .insert(unusedBlobs)
      .select(
        database
          .select(
            allColumns(unusedBlobs, {
              name: sql`${artifactBlob(wrong)}`,
              dueAt: sql`${now + GRACE_MILLISECONDS}`,
            }),
          )
          .from(artifacts)
          .where(isDamaged),
      )
      .onConflictDoNothing(),
    database
      .update(artifacts)
      .set({ writing, dueAt: sql`iif(${artifacts.dueAt} is null, null, ${now + GRACE_MILLISECONDS})` })
      .where(isDamaged),
  ];
}
