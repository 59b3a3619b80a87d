/** Fail: the runner gives a task back, and the reason is kept whatever becomes of the task. */
import type { Database } from '../database.ts';
import { raw, rows } from '../raw.ts';
import {
  commitFenced,
  FENCE,
  leaseLost,
  logTaskEvent,
  MAXIMUM_FAILURES,
  raiseRevisions,
  requireLease,
  touchRunner,
  type Holder,
} from './lease.ts';

export interface Failure {
  readonly reason: { readonly code: string; readonly message: string; readonly cure?: string | undefined };
  readonly retryable: boolean;
}

const FIRST_DELAY_MILLISECONDS = 1000;
const LONGEST_DELAY_MILLISECONDS = 60_000;

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

/**
 * Queues the task again with a growing delay, or ends it: cancelled where that was asked for, failed where the
 * failure cannot be retried or was the last that the cap allows.
 */
export async function failTask(
  database: Database,
  holder: Holder,
  { reason, retryable }: Failure,
  now: number,
): Promise<void> {
  const lease = await requireLease(database, holder);
  const again = retryable && lease.failures + 1 < MAXIMUM_FAILURES;
  const delay = Math.min(FIRST_DELAY_MILLISECONDS * 2 ** lease.failures, LONGEST_DELAY_MILLISECONDS);
  // A cancel that came or was taken back since the read decides in the statements, not here.
  const written = await commitFenced(database, [
    raw(
      database,
      `UPDATE tasks SET ${FENCE}, failures = failures + 1, lease_expires_at = NULL,
         status = CASE WHEN cancel_requested_at IS NOT NULL THEN 'cancelled' ELSE ? END,
         available_at = ?, finished_at = CASE WHEN cancel_requested_at IS NOT NULL OR ? THEN ? END,
         busy_milliseconds = busy_milliseconds + (? - claimed_at) WHERE id = ?`,
      holder.epoch,
      holder.keyId,
      again ? 'queued' : 'failed',
      now + delay,
      again ? 0 : 1,
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
