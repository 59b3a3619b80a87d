/** Fail: the runner gives a task back, and the reason is kept whatever becomes of the task. */
import { and, eq, sql } from 'drizzle-orm';
import { afterFailure, type Failure, type Holder } from '../../domain/lease.ts';
import type { Database, Statement } from '../database.ts';
import { allColumns } from '../json-rows.ts';
import { runners, taskFailures, tasks } from '../schema/index.ts';
import { compiled, prepared } from '../statement.ts';
import { account, commitUnder, logTaskEvent, raiseRevisions, requireLease, touchRunner } from './lease.ts';

const failureOf = prepared((database) =>
  database
    .select({ epoch: taskFailures.epoch })
    .from(taskFailures)
    .innerJoin(runners, eq(runners.id, taskFailures.runnerId))
    .where(
      and(
        eq(taskFailures.taskId, sql.placeholder('taskId')),
        eq(taskFailures.epoch, sql.placeholder('epoch')),
        eq(taskFailures.code, sql.placeholder('code')),
        eq(runners.keyId, sql.placeholder('keyId')),
      ),
    )
    .prepare(),
);

/** A cancel that came or was taken back since the lease was read decides here. */
const giveBack = compiled<
  Holder & {
    failed: number;
    expired: number;
    status: string;
    ends: number;
    availableAt: number;
    now: number;
  }
>((database, value) =>
  database
    .update(tasks)
    .set({
      failures: sql`${tasks.failures} + ${value('failed')}`,
      expirations: sql`${tasks.expirations} + ${value('expired')}`,
      leaseExpiresAt: null,
      status: sql`case when ${tasks.cancelRequestedAt} is not null then 'cancelled' else ${value('status')} end`,
      availableAt: value('availableAt'),
      finishedAt: sql`case when ${tasks.cancelRequestedAt} is not null or ${value('ends')} then ${value('now')} end`,
      ...account(database, value('now')),
    })
    .where(eq(tasks.id, value('taskId'))),
);

const insertFailure = compiled<{
  taskId: string;
  code: string;
  message: string;
  cure: string | null;
  now: number;
}>((database, value) =>
  database.insert(taskFailures).select(
    database
      .select(
        allColumns(taskFailures, {
          taskId: tasks.id,
          epoch: tasks.epoch,
          runnerId: tasks.leaseRunnerId,
          code: value('code'),
          message: value('message'),
          cure: value('cure'),
          retried: sql`${tasks.status} = 'queued'`,
          createdAt: value('now'),
        }),
      )
      .from(tasks)
      .where(eq(tasks.id, value('taskId'))),
  ),
);

/** Whether this very attempt was given back already: the answer was lost and the runner asks again. */
export async function isFailedBy(database: Database, holder: Holder, code: string): Promise<boolean> {
  return (await failureOf(database).get({ ...holder, code })) !== undefined;
}

/**
 * Queues the task again or ends it, as {@link afterFailure} says; cancelled where that was asked for.
 *
 * @param also writes that take effect with it or not at all
 */
export async function failTask(
  database: Database,
  holder: Holder,
  failure: Failure,
  now: number,
  also: readonly Statement[] = [],
): Promise<void> {
  const lease = await requireLease(database, holder);
  const { handedBack, failed, again, delay } = afterFailure(lease, failure);
  const { taskId } = holder;
  const { code, message, cure = null } = failure.reason;
  await commitUnder(database, holder, [
    giveBack(database, {
      ...holder,
      failed,
      expired: handedBack ? 1 : 0,
      status: again ? 'queued' : 'failed',
      ends: again ? 0 : 1,
      availableAt: now + delay,
      now,
    }),
    touchRunner(database, { taskId, now }),
    insertFailure(database, { taskId, code, message, cure, now }),
    logTaskEvent(database, {
      taskId,
      kind: 'task-failed',
      data: JSON.stringify({ ...failure.reason, retried: again }),
      now,
    }),
    raiseRevisions(database, { taskId }),
    ...also,
  ]);
}
