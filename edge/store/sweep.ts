/** What time removes: old answers, uploads that never ended, reports, launches, runners, exports, and what nothing uses. */
import { and, eq, inArray, isNull, lt, notExists, or, sql, type SQLWrapper } from 'drizzle-orm';
import { removeAuditRecords } from './audit.ts';
import { collect } from './collect.ts';
import { commit, type Database, type Store } from './database.ts';
import { removeOldSessions } from './sessions.ts';
import { qualify } from './qualify.ts';
import { deleteUploads } from './uploads.ts';
import {
  events,
  hasStatus,
  idempotencyRecords,
  launches,
  promptSets,
  runners,
  stageTasks,
  tasks,
  uploads,
} from './schema/index.ts';

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
/** Files of an export can be made again, and take gigabytes. */
export const EXPORT_LIFETIME = 7 * DAY;
/** Until then somebody may want the cancelled task of a deleted experiment again. */
const UNWANTED_LIFETIME = DAY;
/** Who did what is asked for long after. */
const AUDIT_LIFETIME = 365 * DAY;
/** Decisions about launches, and runners that were not heard since and whose tasks are gone. */
const LOG_LIFETIME = 30 * DAY;
const ROWS_A_SWEEP = 100;
/** The rows of a task may be many. */
const TASKS_A_SWEEP = 10;

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
  const old = await database
    .select({ id: uploads.id })
    .from(uploads)
    .where(lt(uploads.createdAt, now - UPLOAD_LIFETIME))
    .orderBy(uploads.createdAt)
    .limit(UPLOADS_A_SWEEP);
  const ids = old.map(({ id }) => id);
  await commit(database, [
    ...deleteUploads(database, ids, now),
    database
      .delete(promptSets)
      .where(and(isNull(promptSets.readyAt), lt(promptSets.createdAt, now - UPLOAD_LIFETIME))),
    database.delete(idempotencyRecords).where(lt(idempotencyRecords.createdAt, now - IDEMPOTENCY_LIFETIME)),
    removeOldSessions(database, now),
    removeReports(database, now),
    ...removeTasks(database, now),
    ...removeLogs(database, now),
  ]);
  await collect({ database, blobs }, now);
}

/** Exports past their time, and tasks that ended after the last experiment that wanted them was deleted. */
function removeTasks(database: Database, now: number): SQLWrapper[] {
  const hasEnded = or(hasStatus('succeeded'), hasStatus('failed'), hasStatus('cancelled'));
  const isExport = sql`${tasks.kind} = 'export'`;
  const wanted = database
    .select({ one: sql`1` })
    .from(stageTasks)
    .where(eq(stageTasks.taskId, qualify(tasks.id)));
  return [
    and(isExport, hasEnded, lt(tasks.finishedAt, now - EXPORT_LIFETIME)),
    and(lt(tasks.cancelRequestedAt, now - UNWANTED_LIFETIME), hasEnded, notExists(wanted)),
  ].map((isOver) => {
    const over = database.select({ id: tasks.id }).from(tasks).where(isOver).limit(TASKS_A_SWEEP);
    return database.delete(tasks).where(inArray(tasks.id, over));
  });
}

function removeLogs(database: Database, now: number): SQLWrapper[] {
  const oldest = database.select({ id: launches.id }).from(launches).orderBy(launches.id).limit(ROWS_A_SWEEP);
  const worked = database
    .select({ one: sql`1` })
    .from(tasks)
    .where(eq(tasks.leaseRunnerId, qualify(runners.id)));
  const gone = database
    .select({ id: runners.id })
    .from(runners)
    .where(and(lt(runners.seenAt, now - LOG_LIFETIME), notExists(worked)))
    .orderBy(runners.seenAt)
    .limit(ROWS_A_SWEEP);
  return [
    database
      .delete(launches)
      .where(and(inArray(launches.id, oldest), lt(launches.createdAt, now - LOG_LIFETIME))),
    database.delete(runners).where(inArray(runners.id, gone)),
    removeAuditRecords(database, now - AUDIT_LIFETIME, ROWS_A_SWEEP),
  ];
}
