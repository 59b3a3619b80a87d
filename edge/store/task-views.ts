/** Tasks as the API shows them: lists, and one with everything that belongs to it. */
import { z } from 'zod';
import type { TaskSpecification } from '../domain/task-key.ts';
import { whyTaskWaits, type Fleet } from '../domain/waiting.ts';
import type { Database } from './database.ts';
import { readCursor, toPage, type PageRequest } from './page.ts';
import { raw, rows } from './raw.ts';
import { HAS_GPU, readFleet } from './runners.ts';
import type { TaskStatus } from '../domain/experiment.ts';
import type { TaskOutput } from './tasks.ts';
import type { TaskView } from '../../shared/api/tasks.ts';

interface Row {
  readonly id: string;
  readonly key: string;
  readonly kind: TaskView['kind'];
  readonly status: TaskStatus;
  readonly experimentId: string;
  readonly stage: string;
  readonly shard: string;
  readonly attempts: number;
  readonly epoch: number;
  readonly runnerId: string | null;
  readonly leaseUntil: number | null;
  readonly progress: string | null;
  readonly availableAt: number;
  readonly engineVersion: string;
  readonly busyMilliseconds: number;
  readonly gpuMilliseconds: number;
  /** 1 where its runner, the last one it had, computes on a GPU. */
  readonly onGpu: number;
  readonly promptTokens: number;
  readonly sampledTokens: number;
  readonly scoredTokens: number;
  readonly trainedTokens: number;
  readonly claimedAt: number | null;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
}

const COLUMNS = `t.id, t.content_key AS key, t.kind, t.status, t.experiment_id AS experimentId, t.stage,
  t.specification -> 'shard' AS shard, t.attempts, t.epoch, t.lease_runner_id AS runnerId,
  t.lease_expires_at AS leaseUntil, t.progress, t.available_at AS availableAt,
  t.engine_version AS engineVersion, t.busy_milliseconds AS busyMilliseconds, t.claimed_at AS claimedAt,
  t.gpu_milliseconds AS gpuMilliseconds, EXISTS (SELECT 1 FROM runners r WHERE r.id = t.lease_runner_id
    AND ${HAS_GPU}) AS onGpu,
  t.prompt_tokens AS promptTokens, t.sampled_tokens AS sampledTokens, t.scored_tokens AS scoredTokens,
  t.trained_tokens AS trainedTokens,
  t.created_at AS createdAt, t.started_at AS startedAt, t.finished_at AS finishedAt`;

function toView(row: Row, fleet: Fleet, now: number): TaskView {
  const running = row.status === 'leased' && row.claimedAt !== null ? now - row.claimedAt : 0;
  return {
    ...row,
    waitsFor: whyTaskWaits(row, fleet, now),
    shard: JSON.parse(row.shard) as TaskView['shard'],
    progress: row.progress === null ? null : (JSON.parse(row.progress) as TaskView['progress']),
    runnerSeconds: (row.busyMilliseconds + running) / 1000,
    gpuSeconds: (row.gpuMilliseconds + (row.onGpu === 1 ? running : 0)) / 1000,
    tokens: {
      prompt: row.promptTokens,
      sampled: row.sampledTokens,
      scored: row.scoredTokens,
      trained: row.trainedTokens,
    },
  };
}

export async function listTasks(
  database: Database,
  {
    status,
    kind,
    ...page
  }: PageRequest & { readonly status?: string | undefined; readonly kind?: string | undefined },
  now: number,
) {
  const before = readCursor(page, z.string());
  const filters = [
    ['t.status = ?', status],
    ['t.kind = ?', kind],
    ['t.id < ?', before],
  ] as const;
  const given = filters.filter(([, value]) => value !== undefined);
  const where = given.length > 0 ? `WHERE ${given.map(([condition]) => condition).join(' AND ')}` : '';
  const found = await rows<Row>(
    raw(
      database,
      `SELECT ${COLUMNS} FROM tasks t ${where} ORDER BY t.id DESC LIMIT ?`,
      ...given.map(([, value]) => value ?? null),
      page.limit + 1,
    ),
  );
  const fleet = await readFleet(database, now);
  const { items, nextCursor } = toPage(found, page, (row) => row.id);
  return { items: items.map((row) => toView(row, fleet, now)), nextCursor };
}

export async function findTask(database: Database, id: string, now: number): Promise<TaskView | undefined> {
  const [row] = await rows<Row>(raw(database, `SELECT ${COLUMNS} FROM tasks t WHERE t.id = ?`, id));
  return row && toView(row, await readFleet(database, now), now);
}

/** The tasks of an experiment with the stage each serves there, in order of stage and shard. */
export async function findTasksOfExperiment(database: Database, experimentId: string, now: number) {
  const found = await rows<Row & { stageId: string }>(
    raw(
      database,
      `SELECT s.id AS stageId, ${COLUMNS} FROM stages s JOIN stage_tasks st ON st.stage_id = s.id
       JOIN tasks t ON t.id = st.task_id WHERE s.experiment_id = ? ORDER BY s.position, st.shard`,
      experimentId,
    ),
  );
  const fleet = await readFleet(database, now);
  return found.map(({ stageId, ...row }) => ({ stageId, task: toView(row, fleet, now) }));
}

export interface TaskFailure {
  readonly epoch: number;
  readonly runnerId: string | null;
  readonly code: string;
  readonly message: string;
  readonly cure: string | null;
  readonly retried: boolean;
  readonly createdAt: number;
}

/** What a task is made of and what became of it. */
export async function findTaskDetail(database: Database, id: string) {
  const [row] = await rows<{ specification: string; result: string | null }>(
    raw(database, 'SELECT specification, result FROM tasks WHERE id = ?', id),
  );
  if (!row) return undefined;
  const outputs = await rows<TaskOutput>(
    raw(
      database,
      `SELECT o.name, o.sha256, a.bytes, a.media_type AS mediaType FROM task_outputs o
       JOIN artifacts a ON a.sha256 = o.sha256 WHERE o.task_id = ? ORDER BY o.name`,
      id,
    ),
  );
  const failures = await rows<Omit<TaskFailure, 'retried'> & { retried: number }>(
    raw(
      database,
      `SELECT epoch, runner_id AS runnerId, code, message, cure, retried, created_at AS createdAt
       FROM task_failures WHERE task_id = ? ORDER BY epoch`,
      id,
    ),
  );
  const { parameters, seed, inputs, prompts } = JSON.parse(row.specification) as TaskSpecification;
  return {
    parameters: { ...parameters },
    seed,
    inputs: [...inputs],
    prompts,
    outputs,
    result: row.result === null ? null : (JSON.parse(row.result) as Record<string, unknown>),
    failures: failures.map(({ retried, ...failure }): TaskFailure =>
      Object.assign(failure, { retried: retried === 1 }),
    ),
  };
}
