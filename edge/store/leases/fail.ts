/** Fail: the runner gives a task back, and the reason is kept whatever becomes of the task. */
import { afterFailure, leaseLost, type Failure, type Holder } from '../../domain/lease.ts';
import type { Database } from '../database.ts';
import { raw, rows } from '../raw.ts';
import {
  ACCOUNT,
  commitFenced,
  FENCE,
  logTaskEvent,
  raiseRevisions,
  requireLease,
  touchRunner,
} from './lease.ts';

/** Whether this very attempt was given back already: the answer was lost and the runner asks again. */
export async function isFailedBy(database: Database, holder: Holder, code: string): Promise<boolean> {
  const found = await rows(
    raw(
      database,
      `SELECT 1 FROM task_failures f JOIN runners r ON r.id = f.runner_id
       WHERE f.task_id = ? AND f.epoch = ? AND f.code = ? AND r.key_id = ?`,
      holder.taskId,
      holder.epoch,
      code,
      holder.keyId,
    ),
  );
  return found.length > 0;
}

/** Queues the task again or ends it, as {@link afterFailure} says; cancelled where that was asked for. */
export async function failTask(
  database: Database,
  holder: Holder,
  failure: Failure,
  now: number,
): Promise<void> {
  const lease = await requireLease(database, holder);
  const { handedBack, again, delay } = afterFailure(lease, failure);
  const { reason } = failure;
  // A cancel that came or was taken back since the read decides in the statements, not here.
  const written = await commitFenced(database, [
    raw(
      database,
      `UPDATE tasks SET ${FENCE}, failures = failures + ?, expirations = expirations + ?,
         lease_expires_at = NULL,
         status = CASE WHEN cancel_requested_at IS NOT NULL THEN 'cancelled' ELSE ? END,
         available_at = ?, finished_at = CASE WHEN cancel_requested_at IS NOT NULL OR ? THEN ? END,
         ${ACCOUNT} WHERE id = ?`,
      holder.epoch,
      holder.keyId,
      handedBack ? 0 : 1,
      handedBack ? 1 : 0,
      again ? 'queued' : 'failed',
      now + delay,
      again ? 0 : 1,
      now,
      now,
      now,
      holder.taskId,
    ),
    touchRunner(database, holder.taskId, now),
    raw(
      database,
      `INSERT INTO task_failures (task_id, epoch, runner_id, code, message, cure, retried, created_at)
       SELECT id, epoch, lease_runner_id, ?, ?, ?, status = 'queued', ? FROM tasks WHERE id = ?`,
      reason.code,
      reason.message,
      reason.cure ?? null,
      now,
      holder.taskId,
    ),
    logTaskEvent(database, holder.taskId, 'task-failed', { ...reason, retried: again }, now),
    raiseRevisions(database, holder.taskId),
  ]);
  if (!written) throw leaseLost(holder);
}
