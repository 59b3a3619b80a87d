/** Leases that ended without a word: expired, or given up by a runner that started again. */
import { and, eq, inArray, lte, ne, sql, type SQL } from 'drizzle-orm';
import { MAXIMUM_EXPIRATIONS } from '../../domain/lease.ts';
import { LOST_LEASE } from '../../../shared/api/audit.ts';
import { keyNameOf } from '../audit.ts';
import { commit, type Database } from '../database.ts';
import { createIdentifier } from '../identifier.ts';
import { allColumns } from '../json-rows.ts';
import {
  auditRecords,
  events,
  experiments,
  hasStatus,
  stages,
  stageTasks,
  taskFailures,
  tasks,
} from '../schema/index.ts';
import { compiled, prepared, type Value } from '../statement.ts';
import { account } from './lease.ts';

/** Which leases end: those past their time, or those of one runner but for its present claim. */
export type Ended = 'expired' | { readonly runnerId: string; readonly exceptClaim: string };

interface Values {
  readonly now: number;
  /** Begins the ids of the audit records. */
  readonly auditIds: string;
  readonly runnerId: string | null;
  readonly exceptClaim: string | null;
}

/** The statements for one kind of ended leases. */
function statementsFor(
  index: string,
  which: (value: Value<Values>) => SQL | undefined,
  code: string,
  message: string,
) {
  // By itself the planner takes the index of the status, and so looks at every lease each time. The index of the
  // expiry is of leased tasks alone: the status stands there as text, not as a value.
  const ended = (database: Database, value: Value<Values>) =>
    database
      .select({ id: sql<string>`${tasks.id}` })
      .from(sql`tasks indexed by ${sql.raw(index)}`)
      .where(and(hasStatus('leased'), which(value)));
  const linked = (database: Database, value: Value<Values>) =>
    database
      .selectDistinct({ id: sql<string>`${stages.experimentId}`.as('id') })
      .from(tasks)
      .innerJoin(stageTasks, eq(stageTasks.taskId, tasks.id))
      .innerJoin(stages, eq(stages.id, stageTasks.stageId))
      .where(inArray(tasks.id, ended(database, value)));
  const isLast = sql`${tasks.expirations} + 1 >= ${MAXIMUM_EXPIRATIONS}`;
  const isCancelled = sql`${tasks.cancelRequestedAt} is not null`;
  return {
    find: prepared((database) =>
      ended(database, (name) => sql`${sql.placeholder(name)}`)
        .limit(1)
        .prepare(),
    ),
    experiments: compiled<Values>(linked),
    keepReasons: compiled<Values>((database, value) =>
      database.insert(taskFailures).select(
        database
          .select(
            allColumns(taskFailures, {
              taskId: tasks.id,
              epoch: tasks.epoch,
              runnerId: tasks.leaseRunnerId,
              code: sql`${code}`,
              message: sql`${message}`,
              retried: sql`not (${isLast}) and not (${isCancelled})`,
              createdAt: value('now'),
            }),
          )
          .from(tasks)
          .where(inArray(tasks.id, ended(database, value))),
      ),
    ),
    tell: compiled<Values>((database, value) =>
      database.insert(events).select(
        database
          .selectDistinct(
            allColumns(events, {
              experimentId: stages.experimentId,
              taskId: tasks.id,
              kind: sql`'task-lease-ended'`,
              data: sql`json_object('stage', ${tasks.stage}, 'kind', ${tasks.kind}, 'epoch', ${tasks.epoch}, 'code', ${code})`,
              createdAt: value('now'),
            }),
          )
          .from(tasks)
          .innerJoin(stageTasks, eq(stageTasks.taskId, tasks.id))
          .innerJoin(stages, eq(stages.id, stageTasks.stageId))
          .where(inArray(tasks.id, ended(database, value))),
      ),
    ),
    record: compiled<Values>((database, value) =>
      database.insert(auditRecords).select(
        database
          .select(
            allColumns(auditRecords, {
              id: sql`${value('auditIds')} || lower(hex(randomblob(6)))`,
              keyId: tasks.leaseKeyId,
              keyName: keyNameOf(database, sql`${tasks.leaseKeyId}`),
              action: sql`${LOST_LEASE}`,
              object: sql`'tasks/' || ${tasks.id}`,
              address: sql`''`,
              createdAt: value('now'),
            }),
          )
          .from(tasks)
          .where(inArray(tasks.id, ended(database, value))),
      ),
    ),
    raise: compiled<Values>((database, value) =>
      database
        .update(experiments)
        .set({ revision: sql`${experiments.revision} + 1` })
        .where(inArray(experiments.id, linked(database, value))),
    ),
    queue: compiled<Values>((database, value) =>
      database
        .update(tasks)
        .set({
          status: sql`case when ${isCancelled} then 'cancelled' when ${isLast} then 'failed' else 'queued' end`,
          finishedAt: sql`case when ${isCancelled} or ${isLast} then ${value('now')} end`,
          expirations: sql`${tasks.expirations} + 1`,
          availableAt: value('now'),
          leaseExpiresAt: null,
          ...account(database, value('now')),
        })
        .where(inArray(tasks.id, ended(database, value))),
    ),
  };
}

const EXPIRED = statementsFor(
  'tasks_lease_expiry',
  (value) => lte(tasks.leaseExpiresAt, value('now')),
  'lease-expired',
  'The runner sent no heartbeat in time',
);
const RESTARTED = statementsFor(
  'tasks_runner',
  (value) => and(eq(tasks.leaseRunnerId, value('runnerId')), ne(tasks.claimKey, value('exceptClaim'))),
  'runner-restarted',
  'The runner started again without the task',
);

/**
 * Queues the tasks of ended leases again, or ends those that had too many; each keeps its reason.
 *
 * @returns the experiments whose planner has something to look at
 */
export async function requeue(database: Database, ended: Ended, now: number): Promise<string[]> {
  const statements = ended === 'expired' ? EXPIRED : RESTARTED;
  const { runnerId, exceptClaim } = ended === 'expired' ? { runnerId: null, exceptClaim: null } : ended;
  const values = { now, auditIds: createIdentifier(now).slice(0, -12), runnerId, exceptClaim };
  if ((await statements.find(database).get(values)) === undefined) return [];
  const [found = []] = await commit(database, [
    statements.experiments(database, values),
    statements.keepReasons(database, values),
    statements.tell(database, values),
    statements.record(database, values),
    statements.raise(database, values),
    statements.queue(database, values),
  ]);
  return (found as { id: string }[]).map(({ id }) => id);
}
