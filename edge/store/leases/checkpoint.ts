/** Checkpoint: from now on the task resumes from this artifact. */
import { conflict } from '../../domain/errors.ts';
import type { Database } from '../database.ts';
import { raw, rows } from '../raw.ts';
import { LEASE_MILLISECONDS, leaseLost, type Holder } from '../../domain/lease.ts';
import { commitFenced, FENCE, logTaskEvent, requireLease, touchRunner } from './lease.ts';

/** @throws DomainError `conflict` for an artifact that was not put, or for a checkpoint older than the present one */
export async function checkpointTask(
  database: Database,
  holder: Holder,
  checkpoint: { readonly sha256: string; readonly step: number },
  now: number,
): Promise<{ leaseUntil: number; cancel: boolean }> {
  const lease = await requireLease(database, holder);
  const { sha256, step } = checkpoint;
  const found = await rows(raw(database, 'SELECT 1 FROM artifacts WHERE sha256 = ?', sha256));
  if (found.length === 0) throw conflict(`Artifact ${sha256} is not stored; put it before the checkpoint`);
  if (lease.checkpointStep !== null && step < lease.checkpointStep) {
    throw conflict(`The task has a checkpoint of step ${lease.checkpointStep}; step ${step} would lose work`);
  }
  const leaseUntil = now + LEASE_MILLISECONDS;
  // Progress was made: what failed before no longer counts towards the cap.
  const written = await commitFenced(database, [
    raw(
      database,
      `UPDATE tasks SET ${FENCE}, lease_expires_at = ?,
         failures = CASE WHEN checkpoint_step IS NULL OR checkpoint_step < ? THEN 0 ELSE failures END,
         expirations = CASE WHEN checkpoint_step IS NULL OR checkpoint_step < ? THEN 0 ELSE expirations END,
         checkpoint_sha256 = ?, checkpoint_step = ?, checkpoint_epoch = ? WHERE id = ?`,
      holder.epoch,
      holder.keyId,
      leaseUntil,
      step,
      step,
      sha256,
      step,
      holder.epoch,
      holder.taskId,
    ),
    touchRunner(database, holder.taskId, now),
    logTaskEvent(database, holder.taskId, 'task-checkpointed', { step, sha256 }, now),
  ]);
  if (!written) throw leaseLost(holder);
  return { leaseUntil, cancel: lease.cancelRequestedAt !== null };
}
