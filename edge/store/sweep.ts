/** What time removes: old answers of idempotency keys, uploads that never ended, and reports of progress. */
import { partBlob } from './artifacts.ts';
import type { Store } from './database.ts';
import { raw, rows, runBatch } from './raw.ts';

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

/** Read from the index `events_reported`. */
export const REMOVE_REPORTS = `DELETE FROM events WHERE id IN (
  SELECT id FROM events WHERE kind = 'task-reported' AND created_at < ? ORDER BY created_at LIMIT ?)`;

/** Removes what is past its time; called by the scheduled handler, and safe to repeat or to break off. */
export async function sweepStore({ database, blobs }: Store, now: number): Promise<void> {
  const dead = await rows<{ id: string; number: number | null }>(
    raw(
      database,
      `SELECT u.id, p.number FROM (SELECT id FROM uploads WHERE created_at < ? ORDER BY created_at LIMIT ?) u
       LEFT JOIN upload_parts p ON p.upload_id = u.id`,
      now - UPLOAD_LIFETIME,
      UPLOADS_A_SWEEP,
    ),
  );
  for (const { id, number } of dead) {
    if (number !== null) await blobs.delete(partBlob(id, number));
  }
  await runBatch(database, [
    raw(
      database,
      'DELETE FROM uploads WHERE id IN (SELECT value FROM json_each(?))',
      JSON.stringify([...new Set(dead.map(({ id }) => id))]),
    ),
    raw(database, 'DELETE FROM prompt_sets WHERE ready_at IS NULL AND created_at < ?', now - UPLOAD_LIFETIME),
    raw(database, 'DELETE FROM idempotency_records WHERE created_at < ?', now - IDEMPOTENCY_LIFETIME),
    raw(database, REMOVE_REPORTS, now - REPORT_LIFETIME, REPORTS_A_SWEEP),
  ]);
}
