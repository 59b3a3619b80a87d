/** Leases that ended without a word: expired, or given up by a runner that started again. */
import type { Database } from '../database.ts';
import { raw, rows, runBatch } from '../raw.ts';
import { MAXIMUM_EXPIRATIONS } from '../../domain/lease.ts';
import { ACCOUNT } from './lease.ts';

/** Which leases end: those past their time, or those of one runner but for its present claim. */
export type Ended = 'expired' | { readonly runnerId: string; readonly exceptClaim: string };

/**
 * Queues the tasks of ended leases again, or ends those that had too many; each keeps its reason.
 *
 * @returns the experiments whose planner has something to look at
 */
export async function requeue(database: Database, ended: Ended, now: number): Promise<string[]> {
  const expired = ended === 'expired';
  const which = expired
    ? `status = 'leased' AND lease_expires_at <= ?`
    : `status = 'leased' AND lease_runner_id = ? AND claim_key <> ?`;
  // By itself the planner takes the index of the status, and so looks at every lease each time.
  const index = `INDEXED BY ${expired ? 'tasks_lease_expiry' : 'tasks_runner'}`;
  const values = expired ? [now] : [ended.runnerId, ended.exceptClaim];
  const found = await rows(raw(database, `SELECT id FROM tasks ${index} WHERE ${which} LIMIT 1`, ...values));
  if (found.length === 0) return [];
  const code = expired ? 'lease-expired' : 'runner-restarted';
  const message = expired
    ? 'The runner sent no heartbeat in time'
    : 'The runner started again without the task';
  const linked = `FROM tasks t JOIN stage_tasks st ON st.task_id = t.id JOIN stages s ON s.id = st.stage_id
    WHERE t.id IN (SELECT id FROM tasks ${index} WHERE ${which})`;
  const results = await runBatch(database, [
    raw(database, `SELECT DISTINCT s.experiment_id AS id ${linked}`, ...values),
    raw(
      database,
      `INSERT INTO task_failures (task_id, epoch, runner_id, code, message, retried, created_at)
       SELECT id, epoch, lease_runner_id, ?, ?, expirations + 1 < ? AND cancel_requested_at IS NULL, ?
       FROM tasks ${index} WHERE ${which}`,
      code,
      message,
      MAXIMUM_EXPIRATIONS,
      now,
      ...values,
    ),
    raw(
      database,
      `INSERT INTO events (experiment_id, task_id, kind, data, created_at)
       SELECT DISTINCT s.experiment_id, t.id, 'task-lease-ended',
         json_object('stage', t.stage, 'kind', t.kind, 'epoch', t.epoch, 'code', ?), ? ${linked}`,
      code,
      now,
      ...values,
    ),
    raw(
      database,
      `UPDATE experiments SET revision = revision + 1 WHERE id IN (SELECT s.experiment_id ${linked})`,
      ...values,
    ),
    raw(
      database,
      `UPDATE tasks ${index} SET
         status = CASE WHEN cancel_requested_at IS NOT NULL THEN 'cancelled'
           WHEN expirations + 1 >= ? THEN 'failed' ELSE 'queued' END,
         finished_at = CASE WHEN cancel_requested_at IS NOT NULL OR expirations + 1 >= ? THEN ? END,
         expirations = expirations + 1, available_at = ?, lease_expires_at = NULL,
         ${ACCOUNT}
       WHERE ${which}`,
      MAXIMUM_EXPIRATIONS,
      MAXIMUM_EXPIRATIONS,
      now,
      now,
      now,
      now,
      ...values,
    ),
  ]);
  return (results[0] as { id: string }[]).map(({ id }) => id);
}
