/**
 * A lease: who may write for a task, and the fence that keeps everybody else out.
 *
 * Every write for a task is one batch that begins with an update under {@link FENCE}. `tasks.epoch` is NOT NULL,
 * so for anybody but the holder of the lease the update fails, and the whole batch with it.
 */
import { DomainError } from '../../domain/errors.ts';
import type { TaskStatus } from '../../domain/experiment.ts';
import { leaseLost, type Holder } from '../../domain/lease.ts';
import type { Database } from '../database.ts';
import { raw, rows, runBatch, type RawStatement } from '../raw.ts';
import { HAS_GPU } from '../runners.ts';

/** Values: epoch, key. */
export const FENCE = `epoch = CASE WHEN status = 'leased' AND epoch = ? AND lease_key_id = ? THEN epoch END`;

export interface LeaseRow {
  readonly status: TaskStatus;
  readonly epoch: number;
  readonly leaseKeyId: string | null;
  readonly leaseRunnerId: string | null;
  readonly leaseExpiresAt: number | null;
  readonly reportSequence: number;
  readonly cancelRequestedAt: number | null;
  readonly checkpointStep: number | null;
  readonly failures: number;
  readonly expirations: number;
  readonly kind: string;
}

export async function readLease(database: Database, taskId: string): Promise<LeaseRow | undefined> {
  const [row] = await rows<LeaseRow>(
    raw(
      database,
      `SELECT status, epoch, lease_key_id AS leaseKeyId, lease_runner_id AS leaseRunnerId,
         lease_expires_at AS leaseExpiresAt, report_sequence AS reportSequence,
         cancel_requested_at AS cancelRequestedAt, checkpoint_step AS checkpointStep, failures, expirations,
         kind
       FROM tasks WHERE id = ?`,
      taskId,
    ),
  );
  return row;
}

/**
 * The lease, if the request holds it.
 *
 * @throws DomainError `not-found` without such a task, `forbidden` for a key that never held it, `lease-lost`
 */
export async function requireLease(database: Database, holder: Holder): Promise<LeaseRow> {
  const row = await readLease(database, holder.taskId);
  if (!row) throw new DomainError('not-found', `task ${holder.taskId} does not exist; claim one`);
  if (row.epoch === holder.epoch && row.leaseKeyId !== holder.keyId) {
    throw new DomainError(
      'forbidden',
      `Task ${holder.taskId} is held by another key; claim a task with this one`,
    );
  }
  if (row.status !== 'leased' || row.epoch !== holder.epoch) throw leaseLost(holder);
  return row;
}

/**
 * Runs the writes of a holder.
 *
 * @param statements the first one under {@link FENCE}
 * @returns whether they took effect; false: the fence held them back, and nothing happened
 */
export async function commitFenced(
  database: Database,
  statements: readonly RawStatement[],
): Promise<boolean> {
  try {
    await runBatch(database, statements);
    return true;
  } catch (error) {
    if (error instanceof Error && /NOT NULL constraint failed: tasks\.epoch/.test(error.message))
      return false;
    throw error;
  }
}

/**
 * The time of a lease that ends goes to the task's account, and to its GPU time if the runner has one. Values: now,
 * now.
 */
export const ACCOUNT = `busy_milliseconds = busy_milliseconds + (? - claimed_at),
  gpu_milliseconds = gpu_milliseconds + CASE WHEN EXISTS (
    SELECT 1 FROM runners r WHERE r.id = lease_runner_id AND ${HAS_GPU})
    THEN ? - claimed_at ELSE 0 END`;

/** The runner is alive: every write of a holder says so. Values: now, task. */
export function touchRunner(database: Database, taskId: string, now: number): RawStatement {
  return raw(
    database,
    'UPDATE runners SET seen_at = ? WHERE id = (SELECT lease_runner_id FROM tasks WHERE id = ?)',
    now,
    taskId,
  );
}

/** Every experiment that waits for the task is told in the event log. */
export function logTaskEvent(
  database: Database,
  taskId: string,
  kind: string,
  data: Record<string, unknown>,
  now: number,
): RawStatement {
  return raw(
    database,
    `INSERT INTO events (experiment_id, task_id, kind, data, created_at)
     SELECT DISTINCT s.experiment_id, st.task_id, ?, ?, ?
     FROM stage_tasks st JOIN stages s ON s.id = st.stage_id WHERE st.task_id = ?`,
    kind,
    JSON.stringify(data),
    now,
    taskId,
  );
}

/** The planners of the experiments that wait for the task have something to look at. */
export function raiseRevisions(database: Database, taskId: string): RawStatement {
  return raw(
    database,
    `UPDATE experiments SET revision = revision + 1 WHERE id IN (
       SELECT s.experiment_id FROM stage_tasks st JOIN stages s ON s.id = st.stage_id WHERE st.task_id = ?)`,
    taskId,
  );
}
