/** Queries on experiments for the planner, and the writes that move an experiment on. */
import type {
  ExperimentState,
  PlannedTask,
  StagePlan,
  StageState,
  StageStatus,
} from '../domain/experiment.ts';
import type { Method } from '../../shared/method-stages.ts';
import type { TaskBaseModel } from '../domain/task-key.ts';
import type { PrincipleDefinition } from '../../shared/api/principles.ts';
import type { Database } from './database.ts';
import { raw, rows, type RawStatement } from './raw.ts';
import { cancelTasks, PROGRESS_COLUMNS, readProgress } from './tasks.ts';

interface ExperimentRow {
  readonly id: string;
  readonly method: Method;
  readonly seed: number;
  readonly shards: number;
  readonly status: string;
  readonly revision: number;
  readonly plannedRevision: number;
  readonly principleName: string;
  readonly principleNumber: number;
  readonly definition: string;
  readonly baseModelName: string;
  readonly source: string;
  readonly weightsSha256: string;
  readonly contextLength: number;
  readonly configuration: string;
}

/** An experiment as the planner sees it, with the revision that was read. */
export interface LoadedExperiment {
  readonly state: ExperimentState;
  readonly status: string;
  readonly revision: number;
  /** The revision that a planner has looked at last. */
  readonly plannedRevision: number;
}

export async function loadExperiment(database: Database, id: string): Promise<LoadedExperiment | undefined> {
  const [row] = await rows<ExperimentRow>(
    raw(
      database,
      `SELECT e.id, e.method, e.seed, e.shards, e.status, e.revision, e.planned_revision AS plannedRevision, p.name AS principleName,
         v.number AS principleNumber, v.definition, b.name AS baseModelName, b.source,
         b.weights_sha256 AS weightsSha256, b.context_length AS contextLength, b.configuration
       FROM experiments e JOIN principle_versions v ON v.id = e.principle_version_id
         JOIN principles p ON p.id = v.principle_id JOIN base_models b ON b.id = e.base_model_id
       WHERE e.id = ?`,
      id,
    ),
  );
  if (!row) return undefined;
  const stages = await rows<{ id: string; name: string; status: StageStatus; plan: string }>(
    raw(database, 'SELECT id, name, status, plan FROM stages WHERE experiment_id = ? ORDER BY position', id),
  );
  const linked = await rows<Omit<PlannedTask, 'outputs'> & { stageId: string; outputs: string }>(
    raw(
      database,
      `SELECT s.id AS stageId, ${PROGRESS_COLUMNS} FROM stages s JOIN stage_tasks st ON st.stage_id = s.id
       JOIN tasks t ON t.id = st.task_id WHERE s.experiment_id = ? ORDER BY s.position, st.shard`,
      id,
    ),
  );
  const definition = JSON.parse(row.definition) as PrincipleDefinition;
  const baseModel: TaskBaseModel = {
    name: row.baseModelName,
    source: row.source,
    weightsSha256: row.weightsSha256,
    contextLength: row.contextLength,
    configuration: JSON.parse(row.configuration) as Record<string, unknown>,
  };
  return {
    status: row.status,
    revision: row.revision,
    plannedRevision: row.plannedRevision,
    state: {
      id: row.id,
      method: row.method,
      seed: row.seed,
      shards: row.shards,
      principle: {
        name: row.principleName,
        version: row.principleNumber,
        form: definition.form,
        responseOpening: definition.responseOpening,
        affixPairs: definition.affixPairs,
      },
      baseModel,
      stages: stages.map(({ id: stageId, name, status, plan }): StageState => {
        const { parameters, prompts } = JSON.parse(plan) as StagePlan;
        const tasks = linked.filter((task) => task.stageId === stageId).map(readProgress);
        return { id: stageId, name, status, parameters, prompts, tasks };
      }),
    },
  };
}

/** Experiments whose planner was cut off, or whose tasks changed without it. */
export async function findUnplanned(database: Database, limit: number): Promise<string[]> {
  const found = await rows<{ id: string }>(
    raw(database, 'SELECT id FROM experiments WHERE revision > planned_revision ORDER BY id LIMIT ?', limit),
  );
  return found.map(({ id }) => id);
}

/**
 * First statement of a planner's batch: `planned_revision` is NOT NULL, so where a task has changed, the experiment has
 * ended or another planner was first since the state was read, the whole batch has no effect and the planner reads again.
 */
export function markPlanned(database: Database, { state, revision, status }: LoadedExperiment): RawStatement {
  return raw(
    database,
    `UPDATE experiments SET planned_revision = CASE
       WHEN revision = ? AND status = ? AND planned_revision < revision THEN revision END
     WHERE id = ?`,
    revision,
    status,
    state.id,
  );
}

/** Whether a planner's batch was held back by {@link markPlanned}. */
export function isOutdatedPlan(error: unknown): boolean {
  return (
    error instanceof Error && /NOT NULL constraint failed: experiments\.planned_revision/.test(error.message)
  );
}

/** A task that ended between the planner's read and its batch makes the experiment unplanned again. */
export function raiseIfEnded(
  database: Database,
  experimentId: string,
  assumed: readonly { readonly contentKey: string; readonly status: string }[],
): RawStatement {
  return raw(
    database,
    `UPDATE experiments SET revision = revision + 1 WHERE id = ? AND EXISTS (
       SELECT 1 FROM json_each(?) e JOIN tasks t ON t.content_key = e.value ->> 'contentKey'
       WHERE t.status IN ('succeeded', 'failed', 'cancelled') AND t.status <> e.value ->> 'status')`,
    experimentId,
    JSON.stringify(assumed),
  );
}

export function setStageStatus(
  database: Database,
  stageId: string,
  status: StageStatus,
  reason: string | null,
  now: number,
): RawStatement {
  return status === 'running'
    ? raw(database, `UPDATE stages SET status = 'running', started_at = ? WHERE id = ?`, now, stageId)
    : raw(
        database,
        'UPDATE stages SET status = ?, status_reason = ?, finished_at = ? WHERE id = ?',
        status,
        reason,
        now,
        stageId,
      );
}

/** Ends an experiment that has not ended: its open stages are cancelled, and tasks that nobody else waits for. */
export function endExperiment(
  database: Database,
  id: string,
  status: 'succeeded' | 'failed' | 'cancelled',
  reason: string | null,
  now: number,
): RawStatement[] {
  return [
    raw(
      database,
      `INSERT INTO events (experiment_id, kind, data, created_at)
       SELECT id, ?, ?, ? FROM experiments WHERE id = ? AND status IN ('queued', 'running')`,
      `experiment-${status}`,
      JSON.stringify({ reason }),
      now,
      id,
    ),
    raw(
      database,
      `UPDATE experiments SET status = ?, status_reason = ?, finished_at = ?
       WHERE id = ? AND status IN ('queued', 'running')`,
      status,
      reason,
      now,
      id,
    ),
    raw(
      database,
      `UPDATE stages SET status = 'cancelled', finished_at = ?
       WHERE experiment_id = ? AND status IN ('waiting', 'running')
         AND EXISTS (SELECT 1 FROM experiments e WHERE e.id = stages.experiment_id AND e.status NOT IN ('queued', 'running'))`,
      now,
      id,
    ),
    ...cancelTasks(database, id, now),
  ];
}

export function logExperimentEvent(
  database: Database,
  experimentId: string,
  kind: string,
  data: Readonly<Record<string, unknown>>,
  now: number,
): RawStatement {
  return raw(
    database,
    'INSERT INTO events (experiment_id, kind, data, created_at) VALUES (?, ?, ?, ?)',
    experimentId,
    kind,
    JSON.stringify(data),
    now,
  );
}

/** Removes an experiment that has ended, and those of its tasks that no other one uses and no runner holds. */
export function deleteExperiment(database: Database, id: string, taskIds: readonly string[]): RawStatement[] {
  return [
    raw(database, 'DELETE FROM events WHERE experiment_id = ?', id),
    raw(database, 'DELETE FROM experiments WHERE id = ?', id),
    raw(
      database,
      `DELETE FROM tasks WHERE id IN (SELECT value FROM json_each(?)) AND status <> 'leased'
         AND NOT EXISTS (SELECT 1 FROM stage_tasks st WHERE st.task_id = tasks.id)`,
      JSON.stringify(taskIds),
    ),
  ];
}

export async function findExperimentStatus(database: Database, id: string): Promise<string | undefined> {
  const [row] = await rows<{ status: string }>(
    raw(database, 'SELECT status FROM experiments WHERE id = ?', id),
  );
  return row?.status;
}
