/** Fail: the runner gives a task back, and the reason is kept whatever becomes of the task. */
import { RUNNER_STOPPED } from '../../../shared/api/tasks.ts';
import type { Database } from '../database.ts';
import { raw, rows } from '../raw.ts';
import {
  ACCOUNT,
  commitFenced,
  FENCE,
  leaseLost,
  logTaskEvent,
  MAXIMUM_EXPIRATIONS,
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
 * failure cannot be retried or was the last that the cap allows. One that was handed back is queued at once, and
 * counts as an expired lease does.
 */
export async function failTask(
  database: Database,
  holder: Holder,
  { reason, retryable }: Failure,
  now: number,
): Promise<void> {
  const lease = await requireLease(database, holder);
  const handedBack = reason.code === RUNNER_STOPPED;
  const isLast = handedBack
    ? lease.expirations + 1 >= MAXIMUM_EXPIRATIONS
    : lease.failures + 1 >= MAXIMUM_FAILURES;
  const again = retryable && !isLast;
  const delay = handedBack
    ? 0
    : Math.min(FIRST_DELAY_MILLISECONDS * 2 ** lease.failures, LONGEST_DELAY_MILLISECONDS);
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
