/** Queries on artifacts and on uploads in parts; their bytes lie in the blob store. */
import { and, desc, eq, sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Database, Statement } from './database.ts';
import { allColumns } from './json-rows.ts';
import { readCursor, toPage, type PageRequest } from './page.ts';
import { prepared } from './statement.ts';
import { artifacts, unusedBlobs, uploadParts, uploads } from './schema/index.ts';

export type ArtifactRow = typeof artifacts.$inferSelect;
export type UploadRow = typeof uploads.$inferSelect;
export type UploadPartRow = typeof uploadParts.$inferSelect;

/** The blob of an artifact. */
export function artifactBlob({ sha256, writing }: Pick<ArtifactRow, 'sha256' | 'writing'>): string {
  return `artifacts/${sha256}${writing === '' ? '' : `-${writing}`}`;
}

/** The blob of a part that has arrived. */
export function partBlob(uploadId: string, number: number): string {
  return `uploads/${uploadId}/${number}`;
}

const artifactBySha256 = prepared((database) =>
  database
    .select()
    .from(artifacts)
    .where(eq(artifacts.sha256, sql.placeholder('sha256')))
    .prepare(),
);

export async function findArtifact(database: Database, sha256: string): Promise<ArtifactRow | undefined> {
  return await artifactBySha256(database).get({ sha256 });
}

interface ArtifactFilters extends PageRequest {
  readonly kind?: ArtifactRow['kind'] | undefined;
  readonly producedByTaskId?: string | undefined;
}

export async function listArtifacts(database: Database, page: ArtifactFilters) {
  const before = readCursor(page, z.tuple([z.int(), z.string()]));
  const rows = await database
    .select()
    .from(artifacts)
    .where(
      and(
        page.kind === undefined ? undefined : eq(artifacts.kind, page.kind),
        page.producedByTaskId === undefined
          ? undefined
          : eq(artifacts.producedByTaskId, page.producedByTaskId),
        before && sql`(${artifacts.createdAt}, ${artifacts.sha256}) < (${before[0]}, ${before[1]})`,
      ),
    )
    .orderBy(desc(artifacts.createdAt), desc(artifacts.sha256))
    .limit(page.limit + 1);
  return toPage(rows, page, (row) => [row.createdAt, row.sha256]);
}

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

export function insertUpload(database: Database, row: UploadRow): Statement {
  return database.insert(uploads).values(row);
}

export function putPart(database: Database, row: UploadPartRow): Statement {
  return database
    .insert(uploadParts)
    .values(row)
    .onConflictDoUpdate({
      target: [uploadParts.uploadId, uploadParts.number],
      set: { bytes: row.bytes, etag: row.etag },
    });
}

/** The parts of an upload that has ended: the collector deletes what its request does not. */
export function releaseParts(database: Database, uploadId: string, now: number): Statement[] {
  const ofUpload = eq(uploadParts.uploadId, uploadId);
  const name = sql`'uploads/' || ${uploadParts.uploadId} || '/' || ${uploadParts.number}`;
  return [
    database
      .insert(unusedBlobs)
      .select(
        database
          .select(allColumns(unusedBlobs, { name, dueAt: sql`${now}` }))
          .from(uploadParts)
          .where(ofUpload),
      )
      .onConflictDoNothing(),
    database.delete(uploadParts).where(ofUpload),
  ];
}

export function deleteUpload(database: Database, uploadId: string): Statement {
  return database.delete(uploads).where(eq(uploads.id, uploadId));
}
