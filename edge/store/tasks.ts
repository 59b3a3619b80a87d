/** Queries on tasks that are not writes of a lease's holder: planning, lists, details. */
import type { TaskStatus } from '../domain/experiment.ts';
import type { TaskSpecification } from '../domain/task-key.ts';
import type { Database } from './database.ts';
import { raw, rows, jsonChunks, type RawStatement } from './raw.ts';

export interface TaskOutput {
  readonly name: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly mediaType: string;
}

/** A task as the planner sees it. */
export interface TaskProgressRow {
  readonly id: string;
  readonly contentKey: string;
  readonly status: TaskStatus;
  readonly outputs: readonly TaskOutput[];
  /** Its last failure in words; null where it had none. */
  readonly failure: string | null;
}

const OUTPUTS = `(SELECT json_group_array(json_object('name', o.name, 'sha256', o.sha256, 'bytes', a.bytes,
  'mediaType', a.media_type) ORDER BY o.name) FROM task_outputs o JOIN artifacts a ON a.sha256 = o.sha256
  WHERE o.task_id = t.id)`;
const FAILURE = `(SELECT f.code || ': ' || f.message || coalesce(' (' || f.cure || ')', '') FROM task_failures f
  WHERE f.task_id = t.id ORDER BY f.epoch DESC LIMIT 1)`;
export const PROGRESS_COLUMNS = `t.id, t.content_key AS contentKey, t.status, ${OUTPUTS} AS outputs, ${FAILURE} AS failure`;

export function readProgress<Row extends { readonly outputs: string }>(
  row: Row,
): Omit<Row, 'outputs'> & { outputs: TaskOutput[] } {
  return { ...row, outputs: JSON.parse(row.outputs) as TaskOutput[] };
}

/** The tasks that exist for these content keys. */
export async function findByKeys(database: Database, keys: readonly string[]): Promise<TaskProgressRow[]> {
  const found = await rows<Omit<TaskProgressRow, 'outputs'> & { outputs: string }>(
    raw(
      database,
      `SELECT ${PROGRESS_COLUMNS} FROM json_each(?) e JOIN tasks t ON t.content_key = e.value`,
      JSON.stringify(keys),
    ),
  );
  return found.map(readProgress);
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

/**
 * Gives a stage its tasks, in order of shard. A task whose key exists is shared; one that had failed or was
 * cancelled is queued anew, and one that is about to be cancelled goes on.
 */
export function insertTasks(
  database: Database,
  stageId: string,
  tasks: readonly NewTask[],
  now: number,
): RawStatement[] {
  const links = tasks.map(({ contentKey }, shard) => ({ contentKey, shard }));
  const inputs = tasks.flatMap(({ contentKey, specification }) =>
    specification.inputs.map(({ name, sha256 }) => ({ contentKey, name, sha256 })),
  );
  return [
    ...jsonChunks(tasks).map((json) =>
      raw(
        database,
        `INSERT INTO tasks (id, content_key, kind, specification, engine_version, experiment_id, stage, status,
           priority, available_at, created_at)
         SELECT value ->> 'id', value ->> 'contentKey', value ->> '$.specification.kind', value -> 'specification',
           value ->> 'engineVersion', value ->> 'experimentId', value ->> 'stage', 'queued',
           value ->> 'priority', ?, ? FROM json_each(?) WHERE true
         ON CONFLICT (content_key) DO UPDATE SET
           cancel_requested_at = NULL,
           failures = CASE WHEN status IN ('failed', 'cancelled') THEN 0 ELSE failures END,
           expirations = CASE WHEN status IN ('failed', 'cancelled') THEN 0 ELSE expirations END,
           available_at = CASE WHEN status IN ('failed', 'cancelled') THEN excluded.available_at ELSE available_at END,
           finished_at = CASE WHEN status IN ('failed', 'cancelled') THEN NULL ELSE finished_at END,
           status = CASE WHEN status IN ('failed', 'cancelled') THEN 'queued' ELSE status END`,
        now,
        now,
        json,
      ),
    ),
    ...jsonChunks(links).map((json) =>
      raw(
        database,
        `INSERT INTO stage_tasks (stage_id, shard, task_id)
         SELECT ?, e.value ->> 'shard', t.id FROM json_each(?) e
         JOIN tasks t ON t.content_key = e.value ->> 'contentKey'`,
        stageId,
        json,
      ),
    ),
    ...jsonChunks(inputs).map((json) =>
      raw(
        database,
        `INSERT OR IGNORE INTO task_inputs (task_id, name, sha256)
         SELECT t.id, e.value ->> 'name', e.value ->> 'sha256' FROM json_each(?) e
         JOIN tasks t ON t.content_key = e.value ->> 'contentKey'`,
        json,
      ),
    ),
  ];
}

/**
 * Cancels the tasks that no living stage waits for, out of those of an experiment: queued ones at once, leased
 * ones through their runner's next heartbeat. Runs after the experiment's stages were ended.
 */
export function cancelTasks(database: Database, experimentId: string, now: number): RawStatement[] {
  const unwanted = `id IN (SELECT st.task_id FROM stages s JOIN stage_tasks st ON st.stage_id = s.id
      WHERE s.experiment_id = ?)
    AND NOT EXISTS (SELECT 1 FROM stage_tasks st JOIN stages s ON s.id = st.stage_id
      WHERE st.task_id = tasks.id AND s.status IN ('waiting', 'running'))`;
  return [
    raw(
      database,
      `UPDATE tasks SET status = 'cancelled', finished_at = ? WHERE status = 'queued' AND ${unwanted}`,
      now,
      experimentId,
    ),
    raw(
      database,
      `UPDATE tasks SET cancel_requested_at = coalesce(cancel_requested_at, ?)
       WHERE status = 'leased' AND ${unwanted}`,
      now,
      experimentId,
    ),
  ];
}
