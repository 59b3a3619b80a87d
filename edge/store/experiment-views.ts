/** Experiments as the API shows them: lists, and one with its stages, tasks, results and cost. */
import { and, desc, eq, getTableColumns, gte, lt, sql, type SQL } from 'drizzle-orm';
import { alias, type SQLiteColumn } from 'drizzle-orm/sqlite-core';
import { z } from 'zod';
import type { ExperimentView } from '../../shared/api/experiments.ts';
import type { Hyperparameters } from '../../shared/api/tasks/kinds.ts';
import type { Database } from './database.ts';
import { readCursor, toPage, type PageRequest } from './page.ts';
import {
  baseModels,
  experiments,
  principles,
  principleVersions,
  promptSets,
  stages,
  stageTasks,
  taskOutputs,
  tasks,
} from './schema/index.ts';
import { prepared, type RowOf } from './statement.ts';

/** Share of a task's work that is done. */
const taskProgress = sql`case ${tasks.status} when 'succeeded' then 1.0
  else coalesce(min(1.0, 1.0 * (${tasks.progress} ->> 'done') / (${tasks.progress} ->> 'total')), 0.0) end`;

/** The same of a stage. */
function stageProgress(database: Database): SQL<number> {
  const mean = database
    .select({ progress: sql`avg(${taskProgress})` })
    .from(stageTasks)
    .innerJoin(tasks, eq(tasks.id, stageTasks.taskId))
    .where(eq(stageTasks.stageId, stages.id));
  // Nested, so that its columns keep their tables' names in a query of stages alone.
  return sql<number>`${sql`case ${stages.status} when 'succeeded' then 1.0 else coalesce(${mean}, 0.0) end`}`;
}

type Verdict = ExperimentView['verdicts'][number];

/** Milliseconds: of ended leases, and how many run since when, added up. */
interface Cost {
  readonly busy: number;
  readonly running: number;
  readonly since: number;
}

/** What an experiment's tasks say, as the value of a column. */
function ofTasks(database: Database, value: SQL, condition?: SQL) {
  return database
    .select({ value })
    .from(stages)
    .innerJoin(stageTasks, eq(stageTasks.stageId, stages.id))
    .innerJoin(tasks, eq(tasks.id, stageTasks.taskId))
    .where(and(eq(stages.experimentId, experiments.id), condition));
}

const simulators = alias(baseModels, 'simulators');

function columnsOf(database: Database) {
  // By the plan in seconds, else by tokens; what neither tells weighs as most do.
  const weight = sql`coalesce(${stages.plan} ->> 'plannedSeconds', ${stages.plan} ->> 'weight', 1.0)`;
  const progress = database
    .select({ progress: sql`sum(${stageProgress(database)} * ${weight}) / sum(${weight})` })
    .from(stages)
    .where(eq(stages.experimentId, experiments.id));
  const judged = ofTasks(database, sql`${tasks.result}`, eq(stages.kind, 'judge')).limit(1);
  // A task counts for the experiment that asked for it, not for those that found it.
  const cost = ofTasks(
    database,
    sql`json_object('busy', coalesce(sum(${tasks.busyMilliseconds}), 0),
      'running', count(case ${tasks.status} when 'leased' then 1 end),
      'since', coalesce(sum(case ${tasks.status} when 'leased' then ${tasks.claimedAt} end), 0))`,
    sql`${tasks.experimentId} = ${experiments.id}`,
  );
  return {
    id: experiments.id,
    name: experiments.name,
    method: experiments.method,
    form: experiments.form,
    seed: experiments.seed,
    shards: experiments.shards,
    status: experiments.status,
    statusReason: experiments.statusReason,
    createdAt: experiments.createdAt,
    createdBy: experiments.createdBy,
    finishedAt: experiments.finishedAt,
    hyperparameters: experiments.hyperparameters,
    principle: { name: principles.name, version: principleVersions.number },
    promptSet: { id: promptSets.id, name: promptSets.name },
    baseModel: { id: baseModels.id, name: baseModels.name },
    simulator: { id: simulators.id, name: simulators.name },
    progress: sql<number>`${progress}`,
    judged: sql<{ judgements: Verdict[] } | null>`${judged}`.mapWith(JSON.parse),
    cost: sql<Cost>`${cost}`.mapWith(JSON.parse),
  };
}

const viewed = (database: Database) =>
  database
    .select(columnsOf(database))
    .from(experiments)
    .innerJoin(principleVersions, eq(principleVersions.id, experiments.principleVersionId))
    .innerJoin(principles, eq(principles.id, principleVersions.principleId))
    .innerJoin(promptSets, eq(promptSets.id, experiments.promptSetId))
    .innerJoin(baseModels, eq(baseModels.id, experiments.baseModelId))
    .leftJoin(simulators, eq(simulators.id, experiments.simulatorId));

const viewById = prepared((database) =>
  viewed(database)
    .where(eq(experiments.id, sql.placeholder('id')))
    .prepare(),
);

function toView({ cost, judged, ...row }: RowOf<typeof viewById>, now: number): ExperimentView {
  const { busy, running, since } = cost;
  return {
    ...row,
    verdicts: judged?.judgements ?? [],
    runnerSeconds: (busy + running * now - since) / 1000,
  };
}

export interface ExperimentFilters {
  readonly method?: string | undefined;
  readonly status?: string | undefined;
  readonly principle?: string | undefined;
  readonly promptSet?: string | undefined;
  readonly baseModel?: string | undefined;
  readonly text?: string | undefined;
}

/** Greater than every name that begins with the text. */
const AFTER_ALL = '\u{10ffff}';

/** The newest first; in order of name where the beginning of one is given. */
export async function listExperiments(
  database: Database,
  { text, ...query }: ExperimentFilters & PageRequest,
  now: number,
) {
  const byName = text !== undefined;
  const cursor = byName
    ? readCursor(query, z.tuple([z.string(), z.string()]))
    : readCursor(query, z.tuple([z.string()]));
  // A plus keeps a column from its index: the order is by name then, and only that index gives it.
  const is = (column: SQLiteColumn, value: string | SQL | undefined) =>
    value === undefined ? undefined : byName ? sql`+${column} = ${value}` : sql`${column} = ${value}`;
  const idOf = (
    table: typeof principles | typeof promptSets | typeof baseModels,
    name: string | undefined,
  ): SQL | undefined =>
    // What nothing is called is an id.
    name === undefined ? undefined : sql`coalesce((select id from ${table} where name = ${name}), ${name})`;
  const place = byName
    ? cursor && sql`(${experiments.name}, ${experiments.id}) > (${cursor[0]}, ${cursor[1]})`
    : cursor && lt(experiments.id, cursor[0]);
  const found = await viewed(database)
    .where(
      and(
        is(experiments.method, query.method),
        is(experiments.status, query.status),
        is(experiments.principleId, idOf(principles, query.principle)),
        is(experiments.promptSetId, idOf(promptSets, query.promptSet)),
        is(experiments.baseModelId, idOf(baseModels, query.baseModel)),
        ...(byName ? [gte(experiments.name, text), lt(experiments.name, `${text}${AFTER_ALL}`)] : []),
        place,
      ),
    )
    .orderBy(...(byName ? [experiments.name, experiments.id] : [desc(experiments.id)]))
    .limit(query.limit + 1);
  const { items, nextCursor } = toPage(found, query, (row) => (byName ? [row.name, row.id] : [row.id]));
  return { items: items.map((row) => toView(row, now)), nextCursor };
}

export interface StoredExperiment {
  readonly view: ExperimentView;
  readonly hyperparameters: Hyperparameters;
}

export async function findExperiment(
  database: Database,
  id: string,
  now: number,
): Promise<StoredExperiment | undefined> {
  const row = await viewById(database).get({ id });
  return row && { view: toView(row, now), hyperparameters: row.hyperparameters };
}

const stagesOfExperiment = prepared((database) => {
  const { experimentId: _, position, startedAt: readyAt, ...columns } = getTableColumns(stages);
  return database
    .select({ ...columns, readyAt, progress: stageProgress(database) })
    .from(stages)
    .where(eq(stages.experimentId, sql.placeholder('experimentId')))
    .orderBy(position)
    .prepare();
});

/** In the order of the method's table. */
export async function findStages(database: Database, experimentId: string) {
  const found = await stagesOfExperiment(database).all({ experimentId });
  return found.map(({ plan, ...row }) =>
    Object.assign(row, {
      parameters: { ...plan.parameters },
      plannedSeconds: plan.plannedSeconds ?? null,
      weight: plan.weight ?? 1,
    }),
  );
}

const resultsOfTasks = prepared((database) =>
  database
    .select({ stage: stages.name, result: tasks.result })
    .from(stages)
    .innerJoin(stageTasks, eq(stageTasks.stageId, stages.id))
    .innerJoin(tasks, eq(tasks.id, stageTasks.taskId))
    .where(eq(stages.experimentId, sql.placeholder('experimentId')))
    .orderBy(stages.position, stageTasks.shard)
    .prepare(),
);

/** Stage name -> the results of its tasks by shard; null for one that has not succeeded. */
export async function findResults(
  database: Database,
  experimentId: string,
): Promise<Record<string, (Record<string, unknown> | null)[]>> {
  const results: Record<string, (Record<string, unknown> | null)[]> = {};
  for (const { stage, result } of await resultsOfTasks(database).all({ experimentId })) {
    (results[stage] ??= []).push(result);
  }
  return results;
}

type Hashes = { name: string; sha256: string }[];

const lineageOfTasks = prepared((database) =>
  database
    .select({
      id: tasks.id,
      key: tasks.contentKey,
      stage: stages.name,
      shard: stageTasks.shard,
      kind: tasks.kind,
      status: tasks.status,
      engineVersion: tasks.engineVersion,
      seed: sql<number>`${tasks.specification} ->> 'seed'`,
      baseModelSha256: sql<string>`${tasks.specification} ->> '$.baseModel.weightsSha256'`,
      promptsSha256: sql<string | null>`${tasks.specification} ->> '$.prompts.sha256'`,
      inputs: sql<Hashes>`${tasks.specification} -> 'inputs'`.mapWith(JSON.parse),
      outputs: sql<Hashes>`${database
        .select({
          all: sql`json_group_array(json_object('name', ${taskOutputs.name}, 'sha256', ${taskOutputs.sha256}))`,
        })
        .from(taskOutputs)
        .where(eq(taskOutputs.taskId, tasks.id))}`.mapWith(JSON.parse),
    })
    .from(stages)
    .innerJoin(stageTasks, eq(stageTasks.stageId, stages.id))
    .innerJoin(tasks, eq(tasks.id, stageTasks.taskId))
    .where(eq(stages.experimentId, sql.placeholder('experimentId')))
    .orderBy(stages.position, stageTasks.shard)
    .prepare(),
);

/** Every task of an experiment with the hashes of what it read and wrote. */
export async function findLineage(database: Database, experimentId: string) {
  return await lineageOfTasks(database).all({ experimentId });
}
