/** Complete: the task ends with its outputs, its result and its rows, all in one batch. */
import { conflict } from '../../domain/errors.ts';
import type { Database } from '../database.ts';
import { raw, rows, type RawStatement } from '../raw.ts';
import { leaseLost, type Holder } from '../../domain/lease.ts';
import {
  ACCOUNT,
  commitFenced,
  FENCE,
  logTaskEvent,
  raiseRevisions,
  readLease,
  requireLease,
  touchRunner,
} from './lease.ts';

export interface Completion {
  readonly outputs: readonly { readonly name: string; readonly sha256: string }[];
  readonly result: Readonly<Record<string, unknown>>;
}

/** Whether this very attempt completed the task already: the answer was lost and the runner asks again. */
export async function isCompletedBy(database: Database, holder: Holder): Promise<boolean> {
  const row = await readLease(database, holder.taskId);
  return row?.status === 'succeeded' && row.epoch === holder.epoch && row.leaseKeyId === holder.keyId;
}

/**
 * @param ingest rows that the outputs become, in as many statements as they need
 * @throws DomainError `conflict` for an output that was not put, or `lease-lost`
 */
export async function completeTask(
  database: Database,
  holder: Holder,
  { outputs, result }: Completion,
  ingest: readonly RawStatement[],
  now: number,
): Promise<void> {
  await requireLease(database, holder);
  const json = JSON.stringify(outputs);
  const missing = await rows<{ name: string; sha256: string }>(
    raw(
      database,
      `SELECT value ->> 'name' AS name, value ->> 'sha256' AS sha256 FROM json_each(?)
       WHERE NOT EXISTS (SELECT 1 FROM artifacts WHERE sha256 = value ->> 'sha256')`,
      json,
    ),
  );
  const [first] = missing;
  if (first) throw conflict(`Output ${first.name} (${first.sha256}) is not stored; put it before completing`);
  const written = await commitFenced(database, [
    raw(
      database,
      `UPDATE tasks SET ${FENCE}, status = 'succeeded', lease_expires_at = NULL, result = ?, finished_at = ?,
         ${ACCOUNT} WHERE id = ?`,
      holder.epoch,
      holder.keyId,
      JSON.stringify(result),
      now,
      now,
      now,
      holder.taskId,
    ),
    touchRunner(database, holder.taskId, now),
    raw(
      database,
      `INSERT INTO task_outputs (task_id, name, sha256)
       SELECT ?, value ->> 'name', value ->> 'sha256' FROM json_each(?)`,
      holder.taskId,
      json,
    ),
    ...ingest,
    logTaskEvent(database, holder.taskId, 'task-succeeded', { outputs }, now),
    raiseRevisions(database, holder.taskId),
  ]);
  if (!written) throw leaseLost(holder);
}
