/** Complete: the task ends with its outputs, its result and its rows, all in one batch. */
import { and, eq, notExists, sql } from 'drizzle-orm';
import { conflict } from '../../domain/errors.ts';
import type { Holder } from '../../domain/lease.ts';
import type { Database, Statement } from '../database.ts';
import { allColumns, given, jsonRows } from '../json-rows.ts';
import { artifacts, taskInputs, taskOutputs, taskPuts, tasks } from '../schema/index.ts';
import { compiled, prepared } from '../statement.ts';
import {
  account,
  commitUnder,
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

const missingOutputs = prepared((database) =>
  database
    .select({ name: given<string>('name'), sha256: given<string>('sha256') })
    .from(jsonRows(sql`${sql.placeholder('outputs')}`))
    .where(
      and(
        notExists(
          database
            .select({ one: sql`1` })
            .from(taskPuts)
            .innerJoin(artifacts, eq(artifacts.sha256, taskPuts.sha256))
            .where(and(eq(taskPuts.taskId, sql.placeholder('taskId')), eq(taskPuts.sha256, given('sha256')))),
        ),
        // What a task chooses among its inputs leaves as it came.
        notExists(
          database
            .select({ one: sql`1` })
            .from(taskInputs)
            .innerJoin(artifacts, eq(artifacts.sha256, taskInputs.sha256))
            .where(
              and(eq(taskInputs.taskId, sql.placeholder('taskId')), eq(taskInputs.sha256, given('sha256'))),
            ),
        ),
      ),
    )
    .prepare(),
);

const setSucceeded = compiled<Holder & { result: string; now: number }>((database, value) =>
  // A task that has succeeded resumes nowhere: its checkpoints may go.
  database
    .update(tasks)
    .set({
      status: 'succeeded',
      leaseExpiresAt: null,
      result: value('result'),
      finishedAt: value('now'),
      checkpointSha256: null,
      previousCheckpointSha256: null,
      ...account(database, value('now')),
    })
    .where(eq(tasks.id, value('taskId'))),
);

const insertOutputs = compiled<{ taskId: string; outputs: string }>((database, value) =>
  database
    .insert(taskOutputs)
    .select(
      database
        .select(
          allColumns(taskOutputs, { taskId: value('taskId'), name: given('name'), sha256: given('sha256') }),
        )
        .from(jsonRows(value('outputs'))),
    ),
);

/** Whether this very attempt completed the task already: the answer was lost and the runner asks again. */
export async function isCompletedBy(database: Database, holder: Holder): Promise<boolean> {
  const row = await readLease(database, holder.taskId);
  return row?.status === 'succeeded' && row.epoch === holder.epoch && row.leaseKeyId === holder.keyId;
}

/** @throws DomainError `conflict` for an output that is no input of the task and was not put for it: what others put is not its own to name */
export async function requireOutputs(
  database: Database,
  taskId: string,
  outputs: Completion['outputs'],
): Promise<void> {
  const [missing] = await missingOutputs(database).all({ outputs: JSON.stringify(outputs), taskId });
  if (!missing) return;
  throw conflict(
    `Output ${missing.name} (${missing.sha256}) was not put for the task; put it before completing`,
  );
}

/**
 * @param also writes that take effect with it or not at all: the rows that the outputs become, its audit record
 * @throws DomainError `conflict` for an output that was not put, or `lease-lost`
 */
export async function completeTask(
  database: Database,
  holder: Holder,
  { outputs, result }: Completion,
  also: readonly Statement[],
  now: number,
): Promise<void> {
  await requireLease(database, holder);
  const { taskId } = holder;
  await requireOutputs(database, taskId, outputs);
  const json = JSON.stringify(outputs);
  await commitUnder(database, holder, [
    setSucceeded(database, { ...holder, result: JSON.stringify(result), now }),
    touchRunner(database, { taskId, now }),
    insertOutputs(database, { taskId, outputs: json }),
    ...also,
    logTaskEvent(database, { taskId, kind: 'task-succeeded', data: JSON.stringify({ outputs }), now }),
    raiseRevisions(database, { taskId }),
  ]);
}
