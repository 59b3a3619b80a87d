/** Checkpoint: from now on the task resumes from this artifact. */
import { eq, sql, type SQL } from 'drizzle-orm';
import { conflict } from '../../domain/errors.ts';
import { LEASE_MILLISECONDS, leaseLost, type Holder } from '../../domain/lease.ts';
import { findArtifact } from '../artifacts.ts';
import type { Database } from '../database.ts';
import { tasks } from '../schema/index.ts';
import { compiled } from '../statement.ts';
import { commitFenced, fence, logTaskEvent, requireLease, touchRunner } from './lease.ts';

/** Progress was made: what failed before no longer counts towards the cap. */
const setCheckpoint = compiled<Holder & { leaseUntil: number; sha256: string; step: number }>(
  (database, value) => {
    const isNew = sql`${tasks.checkpointStep} is null or ${tasks.checkpointStep} < ${value('step')}`;
    const forget = (count: SQL) => sql`case when ${isNew} then 0 else ${count} end`;
    return database
      .update(tasks)
      .set({
        epoch: fence(value),
        leaseExpiresAt: value('leaseUntil'),
        failures: forget(sql`${tasks.failures}`),
        expirations: forget(sql`${tasks.expirations}`),
        checkpointSha256: value('sha256'),
        checkpointStep: value('step'),
        checkpointEpoch: value('epoch'),
      })
      .where(eq(tasks.id, value('taskId')));
  },
);

/** @throws DomainError `conflict` for an artifact that was not put, or for a checkpoint older than the present one */
export async function checkpointTask(
  database: Database,
  holder: Holder,
  checkpoint: { readonly sha256: string; readonly step: number },
  now: number,
): Promise<{ leaseUntil: number; cancel: boolean }> {
  const lease = await requireLease(database, holder);
  const { sha256, step } = checkpoint;
  if (!(await findArtifact(database, sha256)))
    throw conflict(`Artifact ${sha256} is not stored; put it before the checkpoint`);
  if (lease.checkpointStep !== null && step < lease.checkpointStep) {
    throw conflict(`The task has a checkpoint of step ${lease.checkpointStep}; step ${step} would lose work`);
  }
  const leaseUntil = now + LEASE_MILLISECONDS;
  const { taskId } = holder;
  const written = await commitFenced(database, [
    setCheckpoint(database, { ...holder, leaseUntil, sha256, step }),
    touchRunner(database, { taskId, now }),
    logTaskEvent(database, {
      taskId,
      kind: 'task-checkpointed',
      data: JSON.stringify({ step, sha256 }),
      now,
    }),
  ]);
  if (!written) throw leaseLost(holder);
  return { leaseUntil, cancel: lease.cancelRequestedAt !== null };
}
