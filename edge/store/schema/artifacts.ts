/** Artifacts: bytes by their SHA-256, and multipart uploads under way. */
import { sql } from 'drizzle-orm';
import { index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { ARTIFACT_KINDS } from '../../../shared/api/words.ts';
import { creator, creatorId, id, instant } from './columns.ts';

/** A row exists only after the bytes are stored and their hash was verified. */
export const artifacts = sqliteTable(
  'artifacts',
  {
    sha256: text('sha256').primaryKey(),
    bytes: integer('bytes').notNull(),
    mediaType: text('media_type').notNull(),
    kind: text('kind', { enum: ARTIFACT_KINDS }).notNull(),
    /** Who produced it first; no reference, so that tasks and artifacts do not depend on each other. */
    producedByTaskId: text('produced_by_task_id'),
    createdAt: instant('created_at').notNull(),
    createdBy: creator(),
    /** Names the blob beside the hash: every writing has another, so that what deletes an old blob meets no new one. */
    writing: text('writing').notNull().default(''),
    /** Whether a client put it: then it stays until somebody deletes it. */
    isKept: integer('is_kept', { mode: 'boolean' }).notNull().default(false),
    /**
     * When the collector asks whether something still uses it; null: something does. Triggers of the database set it to
     * 0 where a use ends, and the collector then gives it its time of grace.
     */
    dueAt: instant('due_at'),
  },
  (table) => [
    index('artifacts_due')
      .on(table.dueAt)
      .where(sql`${table.dueAt} is not null`),
    index('artifacts_creator').on(creatorId(table.createdBy), table.bytes),
    index('artifacts_kind').on(table.kind, table.createdAt, table.sha256),
    index('artifacts_created').on(table.createdAt, table.sha256),
    index('artifacts_task').on(table.producedByTaskId, table.createdAt, table.sha256),
  ],
);

/** Each part is a blob of its own until the whole is verified; the row stays for a day, for a repeated request. */
export const uploads = sqliteTable(
  'uploads',
  {
    id: id(),
    sha256: text('sha256').notNull(),
    bytes: integer('bytes').notNull(),
    mediaType: text('media_type').notNull(),
    kind: text('kind', { enum: ARTIFACT_KINDS }).notNull(),
    producedByTaskId: text('produced_by_task_id'),
    /** Of the lease under which a runner began it: its parts pass the same fence. */
    epoch: integer('epoch'),
    keyId: text('key_id').notNull(),
    createdAt: instant('created_at').notNull(),
    /** When it became an artifact: from then on it takes no part. */
    completedAt: instant('completed_at'),
  },
  (table) => [index('uploads_created').on(table.createdAt)],
);

export const uploadParts = sqliteTable(
  'upload_parts',
  {
    uploadId: text('upload_id')
      .notNull()
      .references(() => uploads.id, { onDelete: 'cascade' }),
    number: integer('number').notNull(),
    bytes: integer('bytes').notNull(),
    /** SHA-256 of the part. */
    etag: text('etag').notNull(),
    /** Names the blob beside the number: every put has another, so that one that is refused takes no other's bytes. */
    writing: text('writing').notNull().default(''),
  },
  (table) => [primaryKey({ columns: [table.uploadId, table.number] })],
);

/** Blobs that no row names: those of collected artifacts, and those that are being written. Deleted when they are due. */
export const unusedBlobs = sqliteTable(
  'unused_blobs',
  { name: text('name').primaryKey(), dueAt: instant('due_at').notNull() },
  (table) => [index('unused_blobs_due').on(table.dueAt)],
);
