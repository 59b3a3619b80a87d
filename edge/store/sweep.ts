/** What time removes: old answers of idempotency keys, uploads that never ended, and reports of progress. */
import { and, eq, inArray, isNull, lt, sql, type SQLWrapper } from 'drizzle-orm';
import { partBlob } from './artifacts.ts';
import { commit, type Database, type Store } from './database.ts';
import { events, idempotencyRecords, promptSets, uploadParts, uploads } from './schema/index.ts';

const DAY = 24 * 60 * 60 * 1000;
/** A repeated request has its first answer for this long. */
const IDEMPOTENCY_LIFETIME = 7 * DAY;
/** Milliseconds from the begin of an upload to its end. */
export const UPLOAD_LIFETIME = DAY;
const UPLOADS_A_SWEEP = 20;
/**
 * Events of progress are for those who follow: the tasks and the metrics keep what they said. Every other event stays
 * as long as its experiment.
 */
export const REPORT_LIFETIME = 7 * DAY;
const REPORTS_A_SWEEP = 1000;

/** Read from the index `events_reported`, which is of this kind alone: the kind stands there as text, not as a value. */
export function removeReports(database: Database, now: number): SQLWrapper {
  const old = database
    .select({ id: events.id })
    .from(events)
    .where(and(sql`${events.kind} = 'task-reported'`, lt(events.createdAt, now - REPORT_LIFETIME)))
    .orderBy(events.createdAt)
    .limit(REPORTS_A_SWEEP);
  return database.delete(events).where(inArray(events.id, old));
}

/** Removes what is past its time; called by the scheduled handler, and safe to repeat or to break off. */
export async function sweepStore({ database, blobs }: Store, now: number): Promise<void> {
  const old = database
    .select({ id: uploads.id })
    .from(uploads)
    .where(lt(uploads.createdAt, now - UPLOAD_LIFETIME))
    .orderBy(uploads.createdAt)
    .limit(UPLOADS_A_SWEEP)
    .as('old');
  const dead = await database
    .select({ id: old.id, number: uploadParts.number })
    .from(old)
    .leftJoin(uploadParts, eq(uploadParts.uploadId, old.id));
  for (const { id, number } of dead) {
    if (number !== null) await blobs.delete(partBlob(id, number));
  }
  const ids = [...new Set(dead.map(({ id }) => id))];
  await commit(database, [
    database.delete(uploads).where(inArray(uploads.id, ids)),
    database
      .delete(promptSets)
      .where(and(isNull(promptSets.readyAt), lt(promptSets.createdAt, now - UPLOAD_LIFETIME))),
    database.delete(idempotencyRecords).where(lt(idempotencyRecords.createdAt, now - IDEMPOTENCY_LIFETIME)),
    removeReports(database, now),
  ]);
}
