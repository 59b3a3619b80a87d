/** Checkpoint: from now on the task resumes from this artifact. */
import { and, eq, notExists, or, sql, type SQL } from 'drizzle-orm';
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core';
import { conflict } from '../../domain/errors.ts';
import { LEASE_MILLISECONDS, type Holder } from '../../domain/lease.ts';
import { commit, type Database } from '../database.ts';
import { artifacts, taskPuts, tasks } from '../schema/index.ts';
import { compiled, prepared } from '../statement.ts';
import { commitUnder, logCheckpointEvent, logTaskEvent, requireLease, touchRunner } from './lease.ts';

/** Progress was made: what failed before no longer counts towards the cap. */
const setCheckpoint = compiled<Holder & { leaseUntil: number; sha256: string; step: number }>(
  (database, value) => {
    const isNew = sql`${tasks.checkpointStep} is null or ${tasks.checkpointStep} < ${value('step')}`;
    const forget = (count: SQL) => sql`case when ${isNew} then 0 else ${count} end`;
    const previous = (newest: SQLiteColumn, before: SQLiteColumn) =>
      sql`case when ${isNew} then ${newest} else ${before} end`;
    return database
      .update(tasks)
      .set({
        leaseExpiresAt: value('leaseUntil'),
        failures: forget(sql`${tasks.failures}`),
        expirations: forget(sql`${tasks.expirations}`),
        previousCheckpointSha256: previous(tasks.checkpointSha256, tasks.previousCheckpointSha256),
        previousCheckpointStep: previous(tasks.checkpointStep, tasks.previousCheckpointStep),
        previousCheckpointEpoch: previous(tasks.checkpointEpoch, tasks.previousCheckpointEpoch),
        checkpointSha256: value('sha256'),
        checkpointStep: value('step'),
        checkpointEpoch: value('epoch'),
      })
      .where(eq(tasks.id, value('taskId')));
  },
);

/** What a checkpoint has superseded is not the task's own any more, and goes where nothing else uses it. */
const forgetSuperseded = compiled<{ taskId: string; superseded: string | null }>((database, value) => {
  const resumes = database
    .select({ one: sql`1` })
    .from(tasks)
    .where(
      and(
        eq(tasks.id, value('taskId')),
        or(
          eq(tasks.checkpointSha256, value('superseded')),
          eq(tasks.previousCheckpointSha256, value('superseded')),
        ),
      ),
    );
  return database
    .delete(taskPuts)
    .where(
      and(eq(taskPuts.taskId, value('taskId')), eq(taskPuts.sha256, value('superseded')), notExists(resumes)),
    );
});

const wasPut = prepared((database) =>
  database
    .select({ sha256: taskPuts.sha256 })
    .from(taskPuts)
    .innerJoin(artifacts, eq(artifacts.sha256, taskPuts.sha256))
    .where(
      and(eq(taskPuts.taskId, sql.placeholder('taskId')), eq(taskPuts.sha256, sql.placeholder('sha256'))),
    )
    .prepare(),
);

/** @throws DomainError `conflict` for an artifact that was not put for the task, or for a checkpoint older than the present one */
export async function checkpointTask(
  database: Database,
  holder: Holder,
  checkpoint: { readonly sha256: string; readonly step: number },
  now: number,
): Promise<{ leaseUntil: number; cancel: boolean }> {
  const lease = await requireLease(database, holder);
  const { sha256, step } = checkpoint;
  const { taskId } = holder;
  if (!(await wasPut(database).get({ taskId, sha256 })))
    throw conflict(`Artifact ${sha256} was not put for task ${taskId}; put it before the checkpoint`);
  if (lease.checkpointStep !== null && step < lease.checkpointStep) {
    throw conflict(`The task has a checkpoint of step ${lease.checkpointStep}; step ${step} would lose work`);
  }
  const isNew = lease.checkpointStep === null || step > lease.checkpointStep;
  const superseded = isNew ? lease.previousCheckpointSha256 : lease.checkpointSha256;
  const leaseUntil = now + LEASE_MILLISECONDS;
  await commitUnder(database, holder, [
    setCheckpoint(database, { ...holder, leaseUntil, sha256, step }),
    forgetSuperseded(database, { taskId, superseded }),
    touchRunner(database, { taskId, now }),
    logTaskEvent(database, {
      taskId,
      kind: 'task-checkpointed',
      data: JSON.stringify({ step, sha256 }),
      now,
    }),
  ]);
  return { leaseUntil, cancel: lease.cancelRequestedAt !== null };
}

const takeBack = compiled<{ taskId: string; sha256: string }>((database, value) =>
  database
    .update(tasks)
    .set({
      checkpointSha256: sql`${tasks.previousCheckpointSha256}`,
      checkpointStep: sql`${tasks.previousCheckpointStep}`,
      checkpointEpoch: sql`${tasks.previousCheckpointEpoch}`,
      previousCheckpointSha256: null,
      previousCheckpointStep: null,
      previousCheckpointEpoch: null,
    })
    .where(and(eq(tasks.id, value('taskId')), eq(tasks.checkpointSha256, value('sha256')))),
);

/** The task goes on from the checkpoint before, or from its beginning; nothing happens where it has another by now. */
export async function dropCheckpoint(
  database: Database,
  {
    taskId,
    sha256,
    step,
  }: { readonly taskId: string; readonly sha256: string; readonly step: number | null },
  now: number,
  reason = 'its bytes are missing or damaged',
): Promise<void> {
  const data = JSON.stringify({ step, sha256, reason });
  await commit(database, [
    logCheckpointEvent(database, { taskId, sha256, kind: 'task-checkpoint-dropped', data, now }),
    takeBack(database, { taskId, sha256 }),
  ]);
}
