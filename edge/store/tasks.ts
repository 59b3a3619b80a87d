/** Queries on tasks that are not writes of a lease's holder: what the planner reads, writes and cancels. */
import { and, desc, eq, inArray, notExists, sql, type SQL } from 'drizzle-orm';
import type { PlannedTask } from '../domain/experiment.ts';
import type { TaskSpecification } from '../domain/task-key.ts';
import type { Database, Statement } from './database.ts';
import { allColumns, given, givenJson, jsonChunks, jsonRows } from './json-rows.ts';
import {
  artifacts,
  hasStatus,
  stages,
  stageTasks,
  taskFailures,
  taskInputs,
  taskOutputs,
  tasks,
} from './schema/index.ts';
import { compiled, excluded, prepared } from './statement.ts';

/** The columns of a `PlannedTask`, and its key. */
export const progressColumns = (database: Database) => ({
  id: tasks.id,
  contentKey: tasks.contentKey,
  status: tasks.status,
  outputs: sql<PlannedTask['outputs']>`${database
    .select({
      all: sql`json_group_array(json_object('name', ${taskOutputs.name}, 'sha256', ${taskOutputs.sha256},
        'bytes', ${artifacts.bytes}, 'mediaType', ${artifacts.mediaType}) order by ${taskOutputs.name})`,
    })
    .from(taskOutputs)
    .innerJoin(artifacts, eq(artifacts.sha256, taskOutputs.sha256))
    .where(eq(taskOutputs.taskId, tasks.id))}`.mapWith(JSON.parse),
  failure: sql<string | null>`${database
    .select({
      words: sql`${taskFailures.code} || ': ' || ${taskFailures.message}
        || coalesce(' (' || ${taskFailures.cure} || ')', '')`,
    })
    .from(taskFailures)
    .where(eq(taskFailures.taskId, tasks.id))
    .orderBy(desc(taskFailures.epoch))
    .limit(1)}`,
});

const tasksByKeys = prepared((database) =>
  database
    .select(progressColumns(database))
    .from(jsonRows(sql`${sql.placeholder('keys')}`))
    .innerJoin(tasks, eq(tasks.contentKey, sql`given.value`))
    .prepare(),
);

/** The tasks that exist for these content keys. */
export async function findByKeys(database: Database, keys: readonly string[]) {
  return await tasksByKeys(database).all({ keys: JSON.stringify(keys) });
}

export interface NewTask {
  readonly id: string;
  readonly contentKey: string;
  readonly specification: TaskSpecification;
  readonly engineVersion: string;
  readonly experimentId: string;
  readonly stage: string;
  readonly priority: number;
}

const putTasks = compiled<{ json: string; now: number }>((database, value) => {
  const restarted = (anew: SQL, present: SQL) =>
    sql`case when ${inArray(tasks.status, ['failed', 'cancelled'])} then ${anew} else ${present} end`;
  return database
    .insert(tasks)
    .select(
      database
        .select(
          allColumns(tasks, {
            id: given('id'),
            contentKey: given('contentKey'),
            kind: given('$.specification.kind'),
            specification: givenJson('specification'),
            engineVersion: given('engineVersion'),
            experimentId: given('experimentId'),
            stage: given('stage'),
            status: sql`'queued'`,
            priority: given('priority'),
            availableAt: value('now'),
            createdAt: value('now'),
          }),
        )
        .from(jsonRows(value('json')))
        .where(sql`true`),
    )
    .onConflictDoUpdate({
      target: tasks.contentKey,
      set: {
        cancelRequestedAt: null,
        // Where the model is opened is no part of the key: what is done anew is done where who asks now says.
        specification: restarted(excluded(tasks.specification), sql`${tasks.specification}`),
        failures: restarted(sql`0`, sql`${tasks.failures}`),
        expirations: restarted(sql`0`, sql`${tasks.expirations}`),
        availableAt: restarted(excluded(tasks.availableAt), sql`${tasks.availableAt}`),
        // What is done anew is done for who asks now: time and tokens count once, there.
        experimentId: restarted(excluded(tasks.experimentId), sql`${tasks.experimentId}`),
        startedAt: restarted(sql`null`, sql`${tasks.startedAt}`),
        finishedAt: restarted(sql`null`, sql`${tasks.finishedAt}`),
        status: restarted(sql`'queued'`, sql`${tasks.status}`),
      },
    });
});

const linkTasks = compiled<{ stageId: string; json: string }>((database, value) =>
  database.insert(stageTasks).select(
    database
      .select(allColumns(stageTasks, { stageId: value('stageId'), shard: given('shard'), taskId: tasks.id }))
      .from(jsonRows(value('json')))
      .innerJoin(tasks, eq(tasks.contentKey, given('contentKey'))),
  ),
);

const putInputs = compiled<{ json: string }>((database, value) =>
  database
    .insert(taskInputs)
    .select(
      database
        .select(allColumns(taskInputs, { taskId: tasks.id, name: given('name'), sha256: given('sha256') }))
        .from(jsonRows(value('json')))
        .innerJoin(tasks, eq(tasks.contentKey, given('contentKey')))
        .where(sql`true`),
    )
    .onConflictDoNothing(),
);

/**
 * Gives a stage its tasks, in order of shard. A task whose key exists is shared; one that had failed or was
 * cancelled is queued anew, and one that is about to be cancelled goes on.
 */
export function insertTasks(
  database: Database,
  stageId: string,
  planned: readonly NewTask[],
  now: number,
): Statement[] {
  const links = planned.map(({ contentKey }, shard) => ({ contentKey, shard }));
  const inputs = planned.flatMap(({ contentKey, specification }) =>
    specification.inputs.map(({ name, sha256 }) => ({ contentKey, name, sha256 })),
  );
  return [
    ...jsonChunks(planned).map((json) => putTasks(database, { json, now })),
    ...jsonChunks(links).map((json) => linkTasks(database, { stageId, json })),
    ...jsonChunks(inputs).map((json) => putInputs(database, { json })),
  ];
}

/**
 * A task that no stage waits for, wanted by whoever asked: shared and queued anew like a stage's. It goes with the
 * experiment that asked for it first.
 */
export function insertTask(database: Database, task: NewTask, now: number): Statement[] {
  const inputs = task.specification.inputs.map(({ name, sha256 }) => ({
    contentKey: task.contentKey,
    name,
    sha256,
  }));
  return [
    putTasks(database, { json: JSON.stringify([task]), now }),
    putInputs(database, { json: JSON.stringify(inputs) }),
  ];
}

const exportsOf = (experimentId: SQL) =>
  sql`${tasks.kind} = 'export' and ${tasks.experimentId} = ${experimentId}`;

const cancelLeasedExports = compiled<{ experimentId: string; now: number }>((database, value) =>
  database
    .update(tasks)
    .set({ cancelRequestedAt: sql`coalesce(${tasks.cancelRequestedAt}, ${value('now')})` })
    .where(and(exportsOf(value('experimentId')), sql`${tasks.status} = 'leased'`)),
);
const deleteExports = compiled<{ experimentId: string }>((database, value) =>
  database.delete(tasks).where(and(exportsOf(value('experimentId')), sql`${tasks.status} <> 'leased'`)),
);

/** Ends what an experiment's exports do, and forgets those that no runner holds. */
export function removeExports(database: Database, experimentId: string, now: number): Statement[] {
  return [cancelLeasedExports(database, { experimentId, now }), deleteExports(database, { experimentId })];
}

/** Out of the tasks of an experiment, those that no living stage waits for. */
const unwanted = (database: Database, experimentId: SQL) =>
  and(
    inArray(
      tasks.id,
      database
        .select({ id: stageTasks.taskId })
        .from(stages)
        .innerJoin(stageTasks, eq(stageTasks.stageId, stages.id))
        .where(eq(stages.experimentId, experimentId)),
    ),
    notExists(
      database
        .select({ one: sql`1` })
        .from(stageTasks)
        .innerJoin(stages, eq(stages.id, stageTasks.stageId))
        .where(and(eq(stageTasks.taskId, tasks.id), inArray(stages.status, ['waiting', 'running']))),
    ),
  );

const cancelQueued = compiled<{ experimentId: string; now: number }>((database, value) =>
  database
    .update(tasks)
    .set({ status: 'cancelled', finishedAt: value('now') })
    .where(and(hasStatus('queued'), unwanted(database, value('experimentId')))),
);
const cancelLeased = compiled<{ experimentId: string; now: number }>((database, value) =>
  database
    .update(tasks)
    .set({ cancelRequestedAt: sql`coalesce(${tasks.cancelRequestedAt}, ${value('now')})` })
    .where(and(hasStatus('leased'), unwanted(database, value('experimentId')))),
);

/**
 * Cancels the tasks that no living stage waits for, out of those of an experiment: queued ones at once, leased
 * ones through their runner's next heartbeat. Runs after the experiment's stages were ended.
 */
export function cancelTasks(database: Database, experimentId: string, now: number): Statement[] {
  return [cancelQueued(database, { experimentId, now }), cancelLeased(database, { experimentId, now })];
}

/** Those of an experiment's tasks that no other one uses and no runner holds. */
export const deleteUnused = compiled<{ taskIds: string }>((database, value) =>
  database.delete(tasks).where(
    and(
      inArray(tasks.id, sql`(select given.value from ${jsonRows(value('taskIds'))})`),
      sql`${tasks.status} <> 'leased'`,
      notExists(
        database
          .select({ one: sql`1` })
          .from(stageTasks)
          .where(eq(stageTasks.taskId, tasks.id)),
      ),
    ),
  ),
);
