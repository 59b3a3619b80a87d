/** Uploads in parts: their rows, and the bytes of a part in. */
import { randomUUID } from 'node:crypto';
import { and, eq, inArray, sql, type SQL } from 'drizzle-orm';
import { conflict, notFound } from '../domain/errors.ts';
import type { Holder } from '../domain/lease.ts';
import type { Database, Statement, Store } from './database.ts';
import { allColumns } from './json-rows.ts';
import { commitUnder } from './leases/lease.ts';
import { deleteNoted, forgetNote, putNoted, takeBackRefused } from './noted-blobs.ts';
import { qualify } from './qualify.ts';
import { holdQuotas, type Quotas } from './quotas.ts';
import { unusedBlobs, uploadParts, uploads } from './schema/index.ts';

export type UploadRow = typeof uploads.$inferSelect;
export type UploadPartRow = typeof uploadParts.$inferSelect;

/** The blob of a part that has arrived. Those of an upload have no folder of their own, which would stay when they went. */
export function partBlob({
  uploadId,
  number,
  writing,
}: Pick<UploadPartRow, 'uploadId' | 'number' | 'writing'>): string {
  return `uploads/${uploadId}${writing === '' ? `/${number}` : `-${number}-${writing}`}`;
}

/** The same, as the database says it. */
const blobName = sql`'uploads/' || ${uploadParts.uploadId} || iif(${uploadParts.writing} = '', '/' || ${uploadParts.number},
  '-' || ${uploadParts.number} || '-' || ${uploadParts.writing})`;

export async function findUpload(database: Database, uploadId: string): Promise<UploadRow | undefined> {
  return await database.select().from(uploads).where(eq(uploads.id, uploadId)).get();
}

export async function listParts(database: Database, uploadId: string): Promise<UploadPartRow[]> {
  return await database
    .select()
    .from(uploadParts)
    .where(eq(uploadParts.uploadId, uploadId))
    .orderBy(uploadParts.number);
}

export function insertUpload(database: Database, row: typeof uploads.$inferInsert): Statement {
  return database.insert(uploads).values(row);
}

/** Parts that nobody reads any more; the second tells which they were. The collector deletes what their request does not. */
function releaseParts(database: Database, which: SQL | undefined, now: number): [Statement, Statement] {
  const note = allColumns(unusedBlobs, { name: blobName, dueAt: sql`${now}` });
  return [
    database
      .insert(unusedBlobs)
      .select(database.select(note).from(uploadParts).where(which))
      .onConflictDoNothing(),
    database
      .delete(uploadParts)
      .where(which)
      .returning({ number: uploadParts.number, writing: uploadParts.writing }),
  ];
}

/** It has become an artifact. */
export function endUpload(database: Database, uploadId: string, now: number): Statement[] {
  return [
    ...releaseParts(database, eq(uploadParts.uploadId, uploadId), now),
    database.update(uploads).set({ completedAt: now }).where(eq(uploads.id, uploadId)),
  ];
}

/** With what has arrived of them. */
export function deleteUploads(database: Database, ids: readonly string[], now: number): Statement[] {
  return [
    ...releaseParts(database, inArray(uploadParts.uploadId, [...ids]), now),
    database.delete(uploads).where(inArray(uploads.id, [...ids])),
  ];
}

export interface NewPart {
  readonly upload: UploadRow;
  readonly number: number;
  readonly content: AsyncIterable<Uint8Array>;
  /** What was read, after the last byte. */
  readonly read: () => { readonly bytes: number; readonly sha256: string };
  /** The lease under which the upload was begun; undefined: it was begun under none. */
  readonly holder: Holder | undefined;
  readonly quotas: Quotas;
}

/**
 * Stores a part in the place of the one that had its number.
 *
 * @throws DomainError `lease-lost`, `not-found` or `conflict` where the lease or the upload ended while the part came, or
 *   others that came meanwhile left it no room: nothing of it stays, and nothing that was there goes
 */
export async function writePart(
  store: Store,
  { upload, number, content, read, holder, quotas }: NewPart,
  now: number,
): Promise<void> {
  const { database } = store;
  const { id: uploadId } = upload;
  const writing = randomUUID();
  const name = partBlob({ uploadId, number, writing });
  await putNoted(store, name, content, now);
  const { bytes, sha256: etag } = read();
  const isNumber = and(eq(uploadParts.uploadId, uploadId), eq(uploadParts.number, number));
  const others = database
    .select({ bytes: sql`coalesce(sum(${qualify(uploadParts.bytes)}), 0)` })
    .from(uploadParts)
    .where(eq(qualify(uploadParts.uploadId), uploadId));
  const declared = database
    .select({ bytes: qualify(uploads.bytes) })
    .from(uploads)
    .where(and(eq(qualify(uploads.id), uploadId), sql`${qualify(uploads.completedAt)} is null`));
  // The column is NOT NULL: where there is no room, or no upload, the whole batch has no effect.
  const held = sql`case when ${others} + ${bytes} <= ${declared} then ${bytes} end`;
  const [, replaced = []] = await commitUnder(database, holder, [
    ...releaseParts(database, isNumber, now),
    database.insert(uploadParts).values({ uploadId, number, bytes: held, etag, writing }),
    forgetNote(database, name),
    ...holdQuotas(database, upload.keyId, quotas),
  ])
    .catch(async (error: unknown) => {
      throw isWithoutRoom(error) ? await whyRefused(database, upload) : error;
    })
    .catch(async (error: unknown) => await takeBackRefused(store, name, error));
  const parts = replaced as Pick<UploadPartRow, 'number' | 'writing'>[];
  await deleteNoted(
    store,
    parts.map((part) => partBlob({ uploadId, ...part })),
  );
}

function isWithoutRoom(error: unknown): boolean {
  return error instanceof Error && /NOT NULL constraint failed: upload_parts\.bytes/.test(error.message);
}

async function whyRefused(database: Database, { id, bytes }: UploadRow) {
  const found = await findUpload(database, id);
  if (!found) return notFound(`upload ${id} of this key`);
  return found.completedAt === null ? beyondDeclared(bytes) : isCompleted(id);
}

export function beyondDeclared(bytes: number) {
  return conflict(
    `The upload declared ${bytes} bytes, and this part goes beyond them with those that have arrived; look at the upload, and send parts that together are as long`,
  );
}

export function isCompleted(id: string) {
  return conflict(`Upload ${id} was completed and takes no part; begin another one for other bytes`);
}
