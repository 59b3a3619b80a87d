/** Tasks with their lease, what they read and write, which stages wait for them, and each failure. */
import { sql } from 'drizzle-orm';
import { index, integer, primaryKey, real, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';
import { STAGE_KINDS, TASK_STATUSES } from '../../../shared/api/words.ts';
import { artifacts } from './artifacts.ts';
import { id, instant, json, type JsonObject } from './columns.ts';
import { stages } from './experiments.ts';
import { runners } from './runners.ts';

export const tasks = sqliteTable(
  'tasks',
  {
    id: id(),
    /** Hash of (kind, input hashes, parameters, engine version): equal work is one row. */
    contentKey: text('content_key').notNull().unique(),
    kind: text('kind', { enum: STAGE_KINDS }).notNull(),
    parameters: json<JsonObject>('parameters').notNull(),
    engineVersion: text('engine_version').notNull(),
    status: text('status', { enum: TASK_STATUSES }).notNull(),
    /** Why it waits, in words for people; null once it runs. */
    waitingReason: text('waiting_reason'),
    /** Lower is taken first. */
    priority: integer('priority').notNull(),
    /** Not claimable before this: the back-off after a failure. */
    availableAt: instant('available_at').notNull(),
    attempts: integer('attempts').notNull().default(0),
    maximumAttempts: integer('maximum_attempts').notNull(),

    /** The fencing token: rises with every claim; a write that carries an older one is refused. */
    epoch: integer('epoch').notNull().default(0),
    leaseRunnerId: text('lease_runner_id').references(() => runners.id),
    leaseExpiresAt: instant('lease_expires_at'),
    /** The idempotency key of the claim that holds the lease: a lost reply finds the same lease again. */
    claimKey: text('claim_key'),
    /** The last report applied in this epoch: a repeated or late report has no second effect. */
    reportSequence: integer('report_sequence').notNull().default(0),
    cancelRequestedAt: instant('cancel_requested_at'),

    progress: real('progress').notNull().default(0),
    progressDetail: json<JsonObject>('progress_detail'),
    checkpointSha256: text('checkpoint_sha256').references(() => artifacts.sha256),
    result: json<JsonObject>('result'),
    createdAt: instant('created_at').notNull(),
    startedAt: instant('started_at'),
    finishedAt: instant('finished_at'),
  },
  (table) => [
    index('tasks_claim').on(table.status, table.priority, table.id),
    index('tasks_lease_expiry')
      .on(table.leaseExpiresAt)
      .where(sql`${table.status} = 'leased'`),
    index('tasks_runner').on(table.leaseRunnerId, table.id),
    index('tasks_kind').on(table.kind, table.id),
    index('tasks_status').on(table.status, table.id),
    uniqueIndex('tasks_claim_key').on(table.claimKey),
  ],
);

/** Which stages wait for a task: several experiments may share it. */
export const stageTasks = sqliteTable(
  'stage_tasks',
  {
    stageId: text('stage_id')
      .notNull()
      .references(() => stages.id, { onDelete: 'cascade' }),
    shard: integer('shard').notNull(),
    taskId: text('task_id')
      .notNull()
      .references(() => tasks.id),
  },
  (table) => [
    primaryKey({ columns: [table.stageId, table.shard] }),
    index('stage_tasks_task').on(table.taskId, table.stageId),
  ],
);

/** What a task reads. No reference to artifacts: the input of a waiting task may not exist yet. */
export const taskInputs = sqliteTable(
  'task_inputs',
  {
    taskId: text('task_id')
      .notNull()
      .references(() => tasks.id, { onDelete: 'cascade' }),
    name: text('name').notNull(),
    sha256: text('sha256').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.taskId, table.name] }),
    index('task_inputs_artifact').on(table.sha256, table.taskId),
  ],
);

export const taskOutputs = sqliteTable(
  'task_outputs',
  {
    taskId: text('task_id')
      .notNull()
      .references(() => tasks.id, { onDelete: 'cascade' }),
    name: text('name').notNull(),
    sha256: text('sha256')
      .notNull()
      .references(() => artifacts.sha256),
  },
  (table) => [
    primaryKey({ columns: [table.taskId, table.name] }),
    index('task_outputs_artifact').on(table.sha256, table.taskId),
  ],
);

/** One row per failed or expired attempt. */
export const taskFailures = sqliteTable(
  'task_failures',
  {
    taskId: text('task_id')
      .notNull()
      .references(() => tasks.id, { onDelete: 'cascade' }),
    epoch: integer('epoch').notNull(),
    runnerId: text('runner_id'),
    /** `lease-expired`, or the runner's error code. */
    code: text('code').notNull(),
    reason: text('reason').notNull(),
    retried: integer('retried', { mode: 'boolean' }).notNull(),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.taskId, table.epoch] })],
);
