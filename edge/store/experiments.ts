/** Queries on experiments for the planner, and the writes that move an experiment on. */
import { alias } from 'drizzle-orm/sqlite-core';
import { and, eq, exists, getTableColumns, gt, inArray, notInArray, sql } from 'drizzle-orm';
import type { ExperimentState, StageState, StageStatus } from '../domain/experiment.ts';
import { taskModelOf } from '../domain/base-model.ts';
import type { Database, Statement } from './database.ts';
import { allColumns, given, jsonRows } from './json-rows.ts';
import {
  baseModels,
  events,
  experiments,
  principles,
  principleVersions,
  stages,
  stageTasks,
  tasks,
} from './schema/index.ts';
import { compiled, prepared } from './statement.ts';
import { cancelTasks, deleteUnused, progressColumns, removeExports } from './tasks.ts';

type ExperimentRow = typeof experiments.$inferSelect;
type NewStage = typeof stages.$inferInsert;

const OPEN: ExperimentRow['status'][] = ['queued', 'running'];

const simulators = alias(baseModels, 'simulators');

const experimentById = prepared((database) =>
  database
    .select({
      id: experiments.id,
      method: experiments.method,
      seed: experiments.seed,
      shards: experiments.shards,
      status: experiments.status,
      revision: experiments.revision,
      plannedRevision: experiments.plannedRevision,
      principle: { name: principles.name, version: principleVersions.number },
      definition: principleVersions.definition,
      baseModel: getTableColumns(baseModels),
      simulator: getTableColumns(simulators),
    })
    .from(experiments)
    .innerJoin(principleVersions, eq(principleVersions.id, experiments.principleVersionId))
    .innerJoin(principles, eq(principles.id, principleVersions.principleId))
    .innerJoin(baseModels, eq(baseModels.id, experiments.baseModelId))
    .leftJoin(simulators, eq(simulators.id, experiments.simulatorId))
    .where(eq(experiments.id, sql.placeholder('id')))
    .prepare(),
);
const stagesOfExperiment = prepared((database) =>
  database
    .select({ id: stages.id, name: stages.name, status: stages.status, plan: stages.plan })
    .from(stages)
    .where(eq(stages.experimentId, sql.placeholder('id')))
    .orderBy(stages.position)
    .prepare(),
);
const plannedTasks = prepared((database) =>
  database
    .select({ stageId: stages.id, task: progressColumns(database) })
    .from(stages)
    .innerJoin(stageTasks, eq(stageTasks.stageId, stages.id))
    .innerJoin(tasks, eq(tasks.id, stageTasks.taskId))
    .where(eq(stages.experimentId, sql.placeholder('id')))
    .orderBy(stages.position, stageTasks.shard)
    .prepare(),
);

/** An experiment as the planner sees it, with the revision that was read. */
export interface LoadedExperiment {
  readonly state: ExperimentState;
  readonly status: ExperimentRow['status'];
  readonly revision: number;
  /** The revision that a planner has looked at last. */
  readonly plannedRevision: number;
}

export async function loadExperiment(database: Database, id: string): Promise<LoadedExperiment | undefined> {
  const row = await experimentById(database).get({ id });
  if (!row) return undefined;
  const { status, revision, plannedRevision, principle, definition, baseModel, simulator, ...rest } = row;
  const planned = await stagesOfExperiment(database).all({ id });
  const linked = await plannedTasks(database).all({ id });
  const { form, responseOpening, affixPairs } = definition;
  return {
    status,
    revision,
    plannedRevision,
    state: {
      ...rest,
      baseModel: taskModelOf(baseModel),
      simulator: taskModelOf(simulator ?? baseModel),
      principle: { ...principle, form, responseOpening, affixPairs },
      stages: planned.map(({ plan, ...stage }): StageState => {
        const ofStage = linked.filter(({ stageId }) => stageId === stage.id);
        return Object.assign(stage, plan, { tasks: ofStage.map(({ task }) => task) });
      }),
    },
  };
}

const unplanned = prepared((database) =>
  database
    .select({ id: experiments.id })
    .from(experiments)
    .where(gt(experiments.revision, experiments.plannedRevision))
    .orderBy(experiments.id)
    .limit(sql.placeholder('limit'))
    .prepare(),
);

/** Experiments whose planner was cut off, or whose tasks changed without it. */
export async function findUnplanned(database: Database, limit: number): Promise<string[]> {
  return (await unplanned(database).all({ limit })).map(({ id }) => id);
}

const setPlanned = compiled<{ id: string; revision: number; status: string }>((database, value) => {
  const isAsRead = sql`${experiments.revision} = ${value('revision')} and ${experiments.status} = ${value('status')}
    and ${experiments.plannedRevision} < ${experiments.revision}`;
  return database
    .update(experiments)
    .set({ plannedRevision: sql`case when ${isAsRead} then ${experiments.revision} end` })
    .where(eq(experiments.id, value('id')));
});

/**
 * First statement of a planner's batch: `planned_revision` is NOT NULL, so where a task has changed, the experiment has
 * ended or another planner was first since the state was read, the whole batch has no effect and the planner reads again.
 */
export function markPlanned(database: Database, { state, revision, status }: LoadedExperiment): Statement {
  return setPlanned(database, { id: state.id, revision, status });
}

/** Whether a planner's batch was held back by {@link markPlanned}. */
export function isOutdatedPlan(error: unknown): boolean {
  return (
    error instanceof Error && /NOT NULL constraint failed: experiments\.planned_revision/.test(error.message)
  );
}

const raiseRevision = compiled<{ id: string; assumed: string }>((database, value) => {
  const ended = database
    .select({ one: sql`1` })
    .from(jsonRows(value('assumed')))
    .innerJoin(tasks, eq(tasks.contentKey, given('contentKey')))
    .where(
      and(
        inArray(tasks.status, ['succeeded', 'failed', 'cancelled']),
        sql`${tasks.status} <> ${given('status')}`,
      ),
    );
  return database
    .update(experiments)
    .set({ revision: sql`${experiments.revision} + 1` })
    .where(and(eq(experiments.id, value('id')), exists(ended)));
});

/** A task that ended between the planner's read and its batch makes the experiment unplanned again. */
export function raiseIfEnded(
  database: Database,
  id: string,
  assumed: readonly { readonly contentKey: string; readonly status: string }[],
): Statement {
  return raiseRevision(database, { id, assumed: JSON.stringify(assumed) });
}

/** A new experiment with its stages, in the order of the method's table. */
export function insertExperiment(
  database: Database,
  experiment: typeof experiments.$inferInsert,
  planned: readonly NewStage[],
): Statement[] {
  return [
    database.insert(experiments).values(experiment),
    ...planned.map((stage) => database.insert(stages).values(stage)),
  ];
}

export function setStageStatus(
  database: Database,
  stageId: string,
  status: StageStatus,
  reason: string | null,
  now: number,
): Statement {
  return database
    .update(stages)
    .set(
      status === 'running' ? { status, startedAt: now } : { status, statusReason: reason, finishedAt: now },
    )
    .where(eq(stages.id, stageId));
}

/** Ends an experiment that has not ended: its open stages are cancelled, and tasks that nobody else waits for. */
export function endExperiment(
  database: Database,
  id: string,
  status: 'succeeded' | 'failed' | 'cancelled',
  reason: string | null,
  now: number,
): Statement[] {
  const isOpen = and(eq(experiments.id, id), inArray(experiments.status, OPEN));
  const hasEnded = database
    .select({ one: sql`1` })
    .from(experiments)
    .where(and(eq(experiments.id, stages.experimentId), notInArray(experiments.status, OPEN)));
  return [
    database.insert(events).select(
      database
        .select(
          allColumns(events, {
            experimentId: experiments.id,
            kind: sql`${`experiment-${status}`}`,
            data: sql`${JSON.stringify({ reason })}`,
            createdAt: sql`${now}`,
          }),
        )
        .from(experiments)
        .where(isOpen),
    ),
    database.update(experiments).set({ status, statusReason: reason, finishedAt: now }).where(isOpen),
    database
      .update(stages)
      .set({ status: 'cancelled', finishedAt: now })
      .where(
        and(eq(stages.experimentId, id), inArray(stages.status, ['waiting', 'running']), exists(hasEnded)),
      ),
    ...cancelTasks(database, id, now),
  ];
}

export function logExperimentEvent(
  database: Database,
  experimentId: string,
  kind: string,
  data: Record<string, unknown>,
  now: number,
): Statement {
  return database.insert(events).values({ experimentId, kind, data, createdAt: now });
}

/** Removes an experiment that has ended, and those of its tasks that no other one uses and no runner holds. */
export function deleteExperiment(
  database: Database,
  id: string,
  taskIds: readonly string[],
  now: number,
): Statement[] {
  return [
    database.delete(events).where(eq(events.experimentId, id)),
    database.delete(experiments).where(eq(experiments.id, id)),
    deleteUnused(database, { taskIds: JSON.stringify(taskIds) }),
    ...removeExports(database, id, now),
  ];
}

const statusOfExperiment = prepared((database) =>
  database
    .select({ status: experiments.status })
    .from(experiments)
    .where(eq(experiments.id, sql.placeholder('id')))
    .prepare(),
);

export async function findExperimentStatus(
  database: Database,
  id: string,
): Promise<ExperimentRow['status'] | undefined> {
  return (await statusOfExperiment(database).get({ id }))?.status;
}
