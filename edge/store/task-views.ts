/** Tasks as the API shows them: lists, and one with everything that belongs to it. */
import { and, desc, eq, exists, getTableColumns, lt, sql } from 'drizzle-orm';
import { z } from 'zod';
import type { TaskView } from '../../shared/api/tasks.ts';
import { whyTaskWaits, type Fleet } from '../domain/waiting.ts';
import type { Database } from './database.ts';
import { readCursor, toPage, type PageRequest } from './page.ts';
import { hasGpu, readFleet } from './runners.ts';
import { artifacts, runners, stages, stageTasks, taskFailures, taskOutputs, tasks } from './schema/index.ts';
import { prepared, type RowOf } from './statement.ts';

const columnsOf = (database: Database) => ({
  id: tasks.id,
  key: tasks.contentKey,
  kind: tasks.kind,
  status: tasks.status,
  experimentId: tasks.experimentId,
  stage: tasks.stage,
  shard: sql<TaskView['shard']>`${tasks.specification} -> 'shard'`.mapWith(JSON.parse),
  attempts: tasks.attempts,
  epoch: tasks.epoch,
  runnerId: tasks.leaseRunnerId,
  leaseUntil: tasks.leaseExpiresAt,
  progress: sql<TaskView['progress']>`${tasks.progress}`.mapWith(JSON.parse),
  availableAt: tasks.availableAt,
  engineVersion: tasks.engineVersion,
  busyMilliseconds: tasks.busyMilliseconds,
  gpuMilliseconds: tasks.gpuMilliseconds,
  /** Whether its runner, the last one it had, computes on a GPU. */
  onGpu: sql`${exists(
    database
      .select({ one: sql`1` })
      .from(runners)
      .where(and(eq(runners.id, tasks.leaseRunnerId), hasGpu)),
  )}`.mapWith(Boolean),
  tokens: {
    prompt: tasks.promptTokens,
    sampled: tasks.sampledTokens,
    scored: tasks.scoredTokens,
    trained: tasks.trainedTokens,
  },
  claimedAt: tasks.claimedAt,
  createdAt: tasks.createdAt,
  startedAt: tasks.startedAt,
  finishedAt: tasks.finishedAt,
});

const taskById = prepared((database) =>
  database
    .select(columnsOf(database))
    .from(tasks)
    .where(eq(tasks.id, sql.placeholder('id')))
    .prepare(),
);

function toView(row: RowOf<typeof taskById>, fleet: Fleet, now: number): TaskView {
  const running = row.status === 'leased' && row.claimedAt !== null ? now - row.claimedAt : 0;
  return {
    ...row,
    waitsFor: whyTaskWaits(row, fleet, now),
    runnerSeconds: (row.busyMilliseconds + running) / 1000,
    gpuSeconds: (row.gpuMilliseconds + (row.onGpu ? running : 0)) / 1000,
  };
}

export async function listTasks(
  database: Database,
  {
    status,
    kind,
    ...page
  }: PageRequest & {
    readonly status?: TaskView['status'] | undefined;
    readonly kind?: TaskView['kind'] | undefined;
  },
  now: number,
) {
  const before = readCursor(page, z.string());
  const found = await database
    .select(columnsOf(database))
    .from(tasks)
    .where(
      and(
        status === undefined ? undefined : eq(tasks.status, status),
        kind === undefined ? undefined : eq(tasks.kind, kind),
        before === undefined ? undefined : lt(tasks.id, before),
      ),
    )
    .orderBy(desc(tasks.id))
    .limit(page.limit + 1);
  const fleet = await readFleet(database, now);
  const { items, nextCursor } = toPage(found, page, (row) => row.id);
  return { items: items.map((row) => toView(row, fleet, now)), nextCursor };
}

export async function findTask(database: Database, id: string, now: number): Promise<TaskView | undefined> {
  const row = await taskById(database).get({ id });
  return row && toView(row, await readFleet(database, now), now);
}

const tasksOfExperiment = prepared((database) =>
  database
    .select({ stageId: stages.id, ...columnsOf(database) })
    .from(stages)
    .innerJoin(stageTasks, eq(stageTasks.stageId, stages.id))
    .innerJoin(tasks, eq(tasks.id, stageTasks.taskId))
    .where(eq(stages.experimentId, sql.placeholder('experimentId')))
    .orderBy(stages.position, stageTasks.shard)
    .prepare(),
);

/** The tasks of an experiment with the stage each serves there, in order of stage and shard. */
export async function findTasksOfExperiment(database: Database, experimentId: string, now: number) {
  const found = await tasksOfExperiment(database).all({ experimentId });
  const fleet = await readFleet(database, now);
  return found.map(({ stageId, ...task }) => ({ stageId, task: toView(task, fleet, now) }));
}

const detailOfTask = prepared((database) =>
  database
    .select({ specification: tasks.specification, result: tasks.result })
    .from(tasks)
    .where(eq(tasks.id, sql.placeholder('id')))
    .prepare(),
);
const outputsOfTask = prepared((database) =>
  database
    .select({
      name: taskOutputs.name,
      sha256: taskOutputs.sha256,
      bytes: artifacts.bytes,
      mediaType: artifacts.mediaType,
    })
    .from(taskOutputs)
    .innerJoin(artifacts, eq(artifacts.sha256, taskOutputs.sha256))
    .where(eq(taskOutputs.taskId, sql.placeholder('id')))
    .orderBy(taskOutputs.name)
    .prepare(),
);
const failuresOfTask = prepared((database) => {
  const { taskId: _, ...columns } = getTableColumns(taskFailures);
  return database
    .select(columns)
    .from(taskFailures)
    .where(eq(taskFailures.taskId, sql.placeholder('id')))
    .orderBy(taskFailures.epoch)
    .prepare();
});

/** What a task is made of and what became of it. */
export async function findTaskDetail(database: Database, id: string) {
  const row = await detailOfTask(database).get({ id });
  if (!row) return undefined;
  const { parameters, seed, inputs, prompts } = row.specification;
  return {
    parameters: { ...parameters },
    seed,
    inputs: [...inputs],
    prompts,
    outputs: await outputsOfTask(database).all({ id }),
    result: row.result,
    failures: await failuresOfTask(database).all({ id }),
  };
}
