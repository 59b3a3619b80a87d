/** Experiments as the API shows them: lists, and one with its stages, tasks, results and cost. */
import { z } from 'zod';
import type { ExperimentView } from '../../shared/api/experiments.ts';
import { type Hyperparameters, type TaskKind } from '../../shared/api/tasks/kinds.ts';
import type { StagePlan, StageStatus } from '../domain/experiment.ts';
import type { Database } from './database.ts';
import { readCursor, toPage, type PageRequest } from './page.ts';
import { raw, rows } from './raw.ts';

/** Share of a task's work that is done. */
const TASK_PROGRESS = `CASE t.status WHEN 'succeeded' THEN 1.0
  ELSE coalesce(min(1.0, 1.0 * (t.progress ->> 'done') / (t.progress ->> 'total')), 0.0) END`;
const STAGE_PROGRESS = `CASE s.status WHEN 'succeeded' THEN 1.0 ELSE coalesce(
  (SELECT avg(${TASK_PROGRESS}) FROM stage_tasks st JOIN tasks t ON t.id = st.task_id WHERE st.stage_id = s.id),
  0.0) END`;

type Verdict = ExperimentView['verdicts'][number];

const STAGE_TASKS = `stages s JOIN stage_tasks st ON st.stage_id = s.id JOIN tasks t ON t.id = st.task_id
  WHERE s.experiment_id = e.id`;

const COLUMNS = `e.id, e.name, e.method, e.seed, e.shards, e.status, e.status_reason AS statusReason,
  e.created_at AS createdAt, e.finished_at AS finishedAt, e.hyperparameters,
  (SELECT json_object('name', p.name, 'version', v.number) FROM principle_versions v
    JOIN principles p ON p.id = v.principle_id WHERE v.id = e.principle_version_id) AS principle,
  (SELECT json_object('id', x.id, 'name', x.name) FROM prompt_sets x WHERE x.id = e.prompt_set_id) AS promptSet,
  (SELECT json_object('id', x.id, 'name', x.name) FROM base_models x WHERE x.id = e.base_model_id) AS baseModel,
  (SELECT avg(${STAGE_PROGRESS}) FROM stages s WHERE s.experiment_id = e.id) AS progress,
  (SELECT t.result FROM ${STAGE_TASKS} AND s.kind = 'judge' LIMIT 1) AS judged,
  (SELECT json_object('busy', coalesce(sum(t.busy_milliseconds), 0),
    'running', count(CASE t.status WHEN 'leased' THEN 1 END),
    'since', coalesce(sum(CASE t.status WHEN 'leased' THEN t.claimed_at END), 0)) FROM ${STAGE_TASKS}) AS cost`;

type JsonColumns = 'principle' | 'promptSet' | 'baseModel';
type Row = Omit<ExperimentView, JsonColumns | 'verdicts' | 'runnerSeconds'> &
  Record<JsonColumns | 'hyperparameters' | 'cost', string> & { readonly judged: string | null };

/** Milliseconds: of ended leases, and how many run since when, added up. */
interface Cost {
  readonly busy: number;
  readonly running: number;
  readonly since: number;
}

function toView(row: Row, now: number): ExperimentView {
  const { busy, running, since } = JSON.parse(row.cost) as Cost;
  const judged = row.judged === null ? null : (JSON.parse(row.judged) as { judgements: Verdict[] });
  return {
    ...row,
    verdicts: judged?.judgements ?? [],
    runnerSeconds: (busy + running * now - since) / 1000,
    principle: JSON.parse(row.principle) as ExperimentView['principle'],
    promptSet: JSON.parse(row.promptSet) as ExperimentView['promptSet'],
    baseModel: JSON.parse(row.baseModel) as ExperimentView['baseModel'],
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
  const column = (name: string) => (byName ? `+e.${name}` : `e.${name}`);
  const conditions: [sql: string, ...values: string[]][] = [];
  if (query.method) conditions.push([`${column('method')} = ?`, query.method]);
  if (query.status) conditions.push([`${column('status')} = ?`, query.status]);
  for (const [name, table, reference] of [
    ['principle_id', 'principles', query.principle],
    ['prompt_set_id', 'prompt_sets', query.promptSet],
    ['base_model_id', 'base_models', query.baseModel],
  ] as const) {
    if (reference !== undefined) {
      conditions.push([`${column(name)} = (SELECT id FROM ${table} WHERE name = ?)`, reference]);
    }
  }
  if (byName) conditions.push(['e.name >= ? AND e.name < ?', text, `${text}${AFTER_ALL}`]);
  if (cursor) conditions.push([byName ? '(e.name, e.id) > (?, ?)' : 'e.id < ?', ...cursor]);
  const where = conditions.length > 0 ? `WHERE ${conditions.map(([sql]) => sql).join(' AND ')}` : '';
  const found = await rows<Row>(
    raw(
      database,
      `SELECT ${COLUMNS} FROM experiments e ${where}
       ORDER BY ${byName ? 'e.name, e.id' : 'e.id DESC'} LIMIT ?`,
      ...conditions.flatMap(([, ...values]) => values),
      query.limit + 1,
    ),
  );
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
  const [row] = await rows<Row>(raw(database, `SELECT ${COLUMNS} FROM experiments e WHERE e.id = ?`, id));
  return (
    row && { view: toView(row, now), hyperparameters: JSON.parse(row.hyperparameters) as Hyperparameters }
  );
}

export interface StageRow {
  readonly id: string;
  readonly name: string;
  readonly kind: ExperimentStageKind;
  readonly status: StageStatus;
  readonly statusReason: string | null;
  readonly progress: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly parameters: Record<string, unknown>;
}

type ExperimentStageKind = TaskKind;

/** In the order of the method's table. */
export async function findStages(database: Database, experimentId: string): Promise<StageRow[]> {
  const found = await rows<Omit<StageRow, 'parameters'> & { plan: string }>(
    raw(
      database,
      `SELECT s.id, s.name, s.kind, s.status, s.status_reason AS statusReason, s.started_at AS startedAt,
         s.finished_at AS finishedAt, s.plan, ${STAGE_PROGRESS} AS progress
       FROM stages s WHERE s.experiment_id = ? ORDER BY s.position`,
      experimentId,
    ),
  );
  return found.map(({ plan, ...row }) =>
    Object.assign(row, { parameters: { ...(JSON.parse(plan) as StagePlan).parameters } }),
  );
}

/** Stage name -> the results of its tasks by shard; null for one that has not succeeded. */
export async function findResults(
  database: Database,
  experimentId: string,
): Promise<Record<string, (Record<string, unknown> | null)[]>> {
  const found = await rows<{ stage: string; result: string | null }>(
    raw(
      database,
      `SELECT s.name AS stage, t.result FROM stages s JOIN stage_tasks st ON st.stage_id = s.id
       JOIN tasks t ON t.id = st.task_id WHERE s.experiment_id = ? ORDER BY s.position, st.shard`,
      experimentId,
    ),
  );
  const results: Record<string, (Record<string, unknown> | null)[]> = {};
  for (const { stage, result } of found) {
    (results[stage] ??= []).push(result === null ? null : (JSON.parse(result) as Record<string, unknown>));
  }
  return results;
}

export interface LineageRow {
  readonly id: string;
  readonly key: string;
  readonly stage: string;
  readonly shard: number;
  readonly kind: ExperimentStageKind;
  readonly status: string;
  readonly engineVersion: string;
  readonly seed: number;
  readonly baseModelSha256: string;
  readonly promptsSha256: string | null;
  readonly inputs: { name: string; sha256: string }[];
  readonly outputs: { name: string; sha256: string }[];
}

/** Every task of an experiment with the hashes of what it read and wrote. */
export async function findLineage(database: Database, experimentId: string): Promise<LineageRow[]> {
  const found = await rows<Omit<LineageRow, 'inputs' | 'outputs'> & { inputs: string; outputs: string }>(
    raw(
      database,
      `SELECT t.id, t.content_key AS key, s.name AS stage, st.shard, t.kind, t.status,
         t.engine_version AS engineVersion, t.specification ->> 'seed' AS seed,
         t.specification ->> '$.baseModel.weightsSha256' AS baseModelSha256,
         t.specification ->> '$.prompts.sha256' AS promptsSha256, t.specification -> 'inputs' AS inputs,
         (SELECT json_group_array(json_object('name', o.name, 'sha256', o.sha256)) FROM task_outputs o
           WHERE o.task_id = t.id) AS outputs
       FROM stages s JOIN stage_tasks st ON st.stage_id = s.id JOIN tasks t ON t.id = st.task_id
       WHERE s.experiment_id = ? ORDER BY s.position, st.shard`,
      experimentId,
    ),
  );
  return found.map(({ inputs, outputs, ...row }) =>
    Object.assign(row, {
      inputs: JSON.parse(inputs) as LineageRow['inputs'],
      outputs: JSON.parse(outputs) as LineageRow['outputs'],
    }),
  );
}

/** Number of the newest event that tells of an experiment; 0 where there is none. */
export async function findLastEventId(database: Database, experimentId: string): Promise<number> {
  const [row] = await rows<{ id: number }>(
    raw(database, 'SELECT id FROM events WHERE experiment_id = ? ORDER BY id DESC LIMIT 1', experimentId),
  );
  return row?.id ?? 0;
}
