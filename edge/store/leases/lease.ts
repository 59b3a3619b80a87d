/**
 * The fence of a lease, which keeps everybody but its holder out: every write for a task is one batch that begins with a
 * statement that fails for anybody else, and the whole batch with it.
 */
import { and, eq, exists, inArray, sql, type SQL } from 'drizzle-orm';
import { DomainError } from '../../domain/errors.ts';
import { leaseLost, type Holder } from '../../domain/lease.ts';
import { commit, type Database, type Statement } from '../database.ts';
import { allColumns } from '../json-rows.ts';
import { hasGpu } from '../runners.ts';
import {
  events,
  experiments,
  hasStatus,
  runners,
  stages,
  stageTasks,
  taskPuts,
  tasks,
} from '../schema/index.ts';
import { compiled, prepared, type RowOf, type Value } from '../statement.ts';

const leaseOfTask = prepared((database) =>
  database
    .select({
      status: tasks.status,
      epoch: tasks.epoch,
      leaseKeyId: tasks.leaseKeyId,
      leaseExpiresAt: tasks.leaseExpiresAt,
      reportSequence: tasks.reportSequence,
      cancelRequestedAt: tasks.cancelRequestedAt,
      checkpointSha256: tasks.checkpointSha256,
      previousCheckpointSha256: tasks.previousCheckpointSha256,
      checkpointStep: tasks.checkpointStep,
      failures: tasks.failures,
      expirations: tasks.expirations,
      kind: tasks.kind,
    })
    .from(tasks)
    .where(eq(tasks.id, sql.placeholder('taskId')))
    .prepare(),
);
type LeaseRow = RowOf<typeof leaseOfTask>;

export async function readLease(database: Database, taskId: string): Promise<LeaseRow | undefined> {
  return await leaseOfTask(database).get({ taskId });
}

/**
 * The lease, if the request holds it.
 *
 * @throws DomainError `forbidden` for a key that never held it; `lease-lost`, for a deleted task, too
 */
export async function requireLease(database: Database, holder: Holder): Promise<LeaseRow> {
  const row = await readLease(database, holder.taskId);
  // A task that was deleted with its experiment is one whose lease has ended, whoever held it.
  if (!row) throw leaseLost(holder);
  if (row.epoch === holder.epoch && row.leaseKeyId !== holder.keyId) {
    throw new DomainError(
      'forbidden',
      `Task ${holder.taskId} is held by another key; claim a task with this one`,
    );
  }
  if (row.status !== 'leased' || row.epoch !== holder.epoch) throw leaseLost(holder);
  return row;
}

/** Does nothing under the lease, and fails without it: `task_puts.task_id` is NOT NULL. A task that is gone is held by nobody. */
const requireHeld = compiled<Holder>((database, value) => {
  const held = database
    .select({ one: sql`1` })
    .from(tasks)
    .where(
      and(
        eq(tasks.id, value('taskId')),
        hasStatus('leased'),
        eq(tasks.epoch, value('epoch')),
        eq(tasks.leaseKeyId, value('keyId')),
      ),
    );
  return sql`insert into ${taskPuts} ("task_id", "sha256") select null, '' where not ${exists(held)}`;
});

/**
 * Runs the writes of a holder: all of them or none.
 *
 * @param holder undefined: no lease stands behind them
 * @returns the rows of each
 * @throws DomainError `lease-lost` where the lease has ended by now
 */
export async function commitUnder(
  database: Database,
  holder: Holder | undefined,
  statements: readonly Statement[],
): Promise<readonly unknown[][]> {
  if (!holder) return await commit(database, statements);
  try {
    const [, ...rows] = await commit(database, [requireHeld(database, holder), ...statements]);
    return rows;
  } catch (error) {
    if (error instanceof Error && /NOT NULL constraint failed: task_puts\.task_id/.test(error.message)) {
      throw leaseLost(holder);
    }
    throw error;
  }
}

/** The time of a lease that ends goes to the task's account, and to its GPU time if the runner has one. */
export function account(database: Database, now: SQL) {
  const busy = sql`(${now} - ${tasks.claimedAt})`;
  const gpu = database
    .select({ one: sql`1` })
    .from(runners)
    .where(and(eq(runners.id, tasks.leaseRunnerId), hasGpu));
  return {
    busyMilliseconds: sql`${tasks.busyMilliseconds} + ${busy}`,
    gpuMilliseconds: sql`${tasks.gpuMilliseconds} + case when ${exists(gpu)} then ${busy} else 0 end`,
  };
}

/** The runner is alive: every write of a holder says so. */
export const touchRunner = compiled<{ taskId: string; now: number }>((database, value) => {
  const holder = database
    .select({ id: tasks.leaseRunnerId })
    .from(tasks)
    .where(eq(tasks.id, value('taskId')));
  return database
    .update(runners)
    .set({ seenAt: value('now') })
    .where(eq(runners.id, holder));
});

const logWhere = <Values extends { taskId: string; kind: string; data: string; now: number }>(
  condition: (database: Database, value: Value<Values>) => SQL | undefined,
) =>
  compiled<Values>((database, value) =>
    database.insert(events).select(
      database
        .selectDistinct(
          allColumns(events, {
            experimentId: stages.experimentId,
            taskId: stageTasks.taskId,
            kind: value('kind'),
            data: value('data'),
            createdAt: value('now'),
          }),
        )
        .from(stageTasks)
        .innerJoin(stages, eq(stages.id, stageTasks.stageId))
        .where(and(eq(stageTasks.taskId, value('taskId')), condition(database, value))),
    ),
  );

/** Every experiment that waits for the task is told in the event log. */
export const logTaskEvent = logWhere(() => undefined);

/** The same, where the task's checkpoint is still the one that the event is about. */
export const logCheckpointEvent = logWhere<{
  taskId: string;
  sha256: string;
  kind: string;
  data: string;
  now: number;
}>((database, value) =>
  exists(
    database
      .select({ one: sql`1` })
      .from(tasks)
      .where(and(eq(tasks.id, value('taskId')), eq(tasks.checkpointSha256, value('sha256')))),
  ),
);

/** The planners of the experiments that wait for the task have something to look at. */
export const raiseRevisions = compiled<{ taskId: string }>((database, value) =>
  database
    .update(experiments)
    .set({ revision: sql`${experiments.revision} + 1` })
    .where(
      inArray(
        experiments.id,
        database
          .select({ id: stages.experimentId })
          .from(stageTasks)
          .innerJoin(stages, eq(stages.id, stageTasks.stageId))
          .where(eq(stageTasks.taskId, value('taskId'))),
      ),
    ),
);
