/**
 * Collection of artifacts that nothing uses any more, in bounded rounds that may break off anywhere and run twice at once.
 *
 * Triggers set `due_at` to 0 where a use ends. The collector gives such an artifact its time of grace, and when that is
 * over asks once more, in the transaction that deletes the row: who names it in that time keeps it. The bytes go later
 * still, so that a download that has begun is not cut off, and by a name that no other writing ever has.
 */
import { and, eq, exists, inArray, lte, or, sql, type SQLWrapper } from 'drizzle-orm';
import { messageOf } from '../../shared/caught.ts';
import { commit, type Database, type Statement, type Store } from './database.ts';
import { allColumns, jsonRows } from './json-rows.ts';
import { qualify } from './qualify.ts';
import {
  artifacts,
  hasStatus,
  promptsOf,
  promptSplits,
  scorers,
  stages,
  taskInputs,
  taskOutputs,
  taskPuts,
  tasks,
  unusedBlobs,
} from './schema/index.ts';

/** Between the end of the last use and the row's end, and between that and the end of the bytes. */
export const GRACE_MILLISECONDS = 60 * 60 * 1000;
const ARTIFACTS_A_ROUND = 100;
const BLOBS_A_ROUND = 100;
/** Until a blob that could not be deleted is tried again. */
export const RETRY_MILLISECONDS = 60_000;

/** What keeps an artifact: whoever reads it from here on finds it by one of these. */
export function isUsed(database: Database) {
  const sha256 = qualify(artifacts.sha256);
  const one = { one: sql`1` };
  return or(
    exists(database.select(one).from(taskOutputs).where(eq(taskOutputs.sha256, sha256))),
    exists(database.select(one).from(taskInputs).where(eq(taskInputs.sha256, sha256))),
    exists(database.select(one).from(tasks).where(eq(tasks.checkpointSha256, sha256))),
    exists(database.select(one).from(tasks).where(eq(tasks.previousCheckpointSha256, sha256))),
    exists(
      database
        .select(one)
        .from(tasks)
        .where(eq(promptsOf(tasks.specification), sha256)),
    ),
    exists(database.select(one).from(promptSplits).where(eq(promptSplits.sha256, sha256))),
    exists(database.select(one).from(scorers).where(eq(scorers.sha256, sha256))),
  );
}

/** Put for a task that has not ended: it may name it yet. */
export const isPending = (database: Database) =>
  exists(
    database
      .select({ one: sql`1` })
      .from(taskPuts)
      .innerJoin(tasks, eq(tasks.id, taskPuts.taskId))
      .where(
        and(eq(taskPuts.sha256, qualify(artifacts.sha256)), or(hasStatus('queued'), hasStatus('leased'))),
      ),
  );

/** A stage that has not begun and names the artifact, as what it judges with: it has no task yet that says so. */
export const isAwaiting = (sha256: SQLWrapper) =>
  sql`${qualify(stages.status)} = 'waiting' and instr(${qualify(stages.plan)}, ${sha256}) > 0`;

const isAwaited = (database: Database) =>
  exists(
    database
      .select({ one: sql`1` })
      .from(stages)
      .where(isAwaiting(qualify(artifacts.sha256))),
  );

/** The name of {@link artifactBlob}, as the database says it. */
const blobName = sql`'artifacts/' || ${artifacts.sha256} || iif(${artifacts.writing} = '', '', '-' || ${artifacts.writing})`;

async function collectArtifacts(database: Database, now: number): Promise<number> {
  const due = await database
    .select({ sha256: artifacts.sha256 })
    .from(artifacts)
    .where(lte(artifacts.dueAt, now))
    .orderBy(artifacts.dueAt)
    .limit(ARTIFACTS_A_ROUND);
  if (due.length === 0) return 0;
  const round = JSON.stringify(due.map(({ sha256 }) => sha256));
  const isDue = and(
    inArray(artifacts.sha256, sql`(select given.value from ${jsonRows(sql`${round}`)})`),
    lte(artifacts.dueAt, now),
  );
  await commit(database, [
    database
      .update(artifacts)
      .set({ dueAt: null })
      .where(and(isDue, or(artifacts.isKept, isUsed(database)))),
    database
      .update(artifacts)
      .set({ dueAt: now + GRACE_MILLISECONDS })
      .where(and(isDue, or(eq(artifacts.dueAt, 0), isPending(database), isAwaited(database)))),
    database
      .insert(unusedBlobs)
      .select(
        database
          .select(allColumns(unusedBlobs, { name: blobName, dueAt: sql`${now + GRACE_MILLISECONDS}` }))
          .from(artifacts)
          .where(isDue),
      )
      .onConflictDoNothing(),
    database.delete(artifacts).where(isDue),
  ]);
  return due.length;
}

/** Removes an artifact that nothing uses, kept or not; nothing happens to one that is used by now. */
export function removeArtifact(database: Database, sha256: string, now: number): Statement[] {
  const uses = or(isUsed(database), isPending(database), isAwaited(database));
  const isFree = and(eq(artifacts.sha256, sha256), sql`not (${uses})`);
  const note = allColumns(unusedBlobs, { name: blobName, dueAt: sql`${now + GRACE_MILLISECONDS}` });
  return [
    database
      .insert(unusedBlobs)
      .select(database.select(note).from(artifacts).where(isFree))
      .onConflictDoNothing(),
    database.delete(artifacts).where(isFree),
  ];
}

/** One that cannot be deleted holds up no other: it is told, and tried again a while later. */
async function collectBlobs({ database, blobs }: Store, now: number): Promise<number> {
  const due = await database
    .select({ name: unusedBlobs.name })
    .from(unusedBlobs)
    .where(lte(unusedBlobs.dueAt, now))
    .orderBy(unusedBlobs.dueAt)
    .limit(BLOBS_A_ROUND);
  if (due.length === 0) return 0;
  const deleted: string[] = [];
  const kept: string[] = [];
  let fault: unknown;
  for (const { name } of due) {
    try {
      await blobs.delete(name);
      deleted.push(name);
    } catch (error) {
      kept.push(name);
      fault ??= error;
    }
  }
  const isOf = (names: readonly string[]) =>
    inArray(unusedBlobs.name, sql`(select given.value from ${jsonRows(sql`${JSON.stringify(names)}`)})`);
  await commit(database, [
    database.delete(unusedBlobs).where(isOf(deleted)),
    database
      .update(unusedBlobs)
      .set({ dueAt: now + RETRY_MILLISECONDS })
      .where(isOf(kept)),
  ]);
  if (kept.length > 0) {
    console.error(
      `${kept.length} unused blobs could not be deleted (${kept[0]}: ${messageOf(fault)}); tried again in ${RETRY_MILLISECONDS / 1000} s`,
    );
  }
  return due.length;
}

/** One round. @returns how many artifacts and blobs it looked at; 0: nothing is due */
export async function collect(store: Store, now: number): Promise<number> {
  return (await collectArtifacts(store.database, now)) + (await collectBlobs(store, now));
}
