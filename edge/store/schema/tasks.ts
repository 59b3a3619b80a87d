/** Tasks with their lease, what they read and write, which stages wait for them, and each failure. */
import { sql, type SQLWrapper } from 'drizzle-orm';
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';
import { TASK_KINDS } from '../../../shared/api/tasks/kinds.ts';
import { TASK_STATUSES } from '../../../shared/api/words.ts';
import type { TaskSpecification } from '../../domain/task-key.ts';
import { artifacts } from './artifacts.ts';
import { id, instant, json, type JsonObject } from './columns.ts';
import { stages } from './experiments.ts';
import { runners } from './runners.ts';

/** The split that a task reads, out of its specification. */
export const promptsOf = (specification: SQLWrapper) => sql`${specification} ->> '$.prompts.sha256'`;

export const tasks = sqliteTable(
  'tasks',
  {
    id: id(),
    /** Hash of everything that decides the result: equal work is one row. */
    contentKey: text('content_key').notNull().unique(),
    kind: text('kind', { enum: TASK_KINDS }).notNull(),
    /** What the runner gets. */
    specification: json<TaskSpecification>('specification').notNull(),
    engineVersion: text('engine_version').notNull(),
    /** Who asked for it first. No reference: a task outlives the experiment as long as another one uses it. */
    experimentId: text('experiment_id').notNull(),
    stage: text('stage').notNull(),
    status: text('status', { enum: TASK_STATUSES }).notNull(),
    /** Lower is taken first. */
    priority: integer('priority').notNull(),
    /** Not claimable before this: the back-off after a failure. */
    availableAt: instant('available_at').notNull(),
    /** Claims so far, and how many of them failed or expired since the last checkpoint. */
    attempts: integer('attempts').notNull().default(0),
    failures: integer('failures').notNull().default(0),
    expirations: integer('expirations').notNull().default(0),

    /** The fencing token: rises with every claim; a write that carries an older one is refused. */
    epoch: integer('epoch').notNull().default(0),
    leaseRunnerId: text('lease_runner_id').references(() => runners.id),
    /** The API key that claimed: no other one may write for the task. */
    leaseKeyId: text('lease_key_id'),
    leaseExpiresAt: instant('lease_expires_at'),
    /** The runner's name for the claim that holds the lease: a lost reply finds the same lease again. */
    claimKey: text('claim_key'),
    /** The edge's name for the request that made the claim: only that request tells of it in the event log. */
    claimToken: text('claim_token'),
    claimedAt: instant('claimed_at'),
    /** The last report applied in this epoch: a repeated or late report has no second effect. */
    reportSequence: integer('report_sequence').notNull().default(0),
    cancelRequestedAt: instant('cancel_requested_at'),

    progress: json<JsonObject>('progress'),
    checkpointSha256: text('checkpoint_sha256').references(() => artifacts.sha256),
    checkpointStep: integer('checkpoint_step'),
    checkpointEpoch: integer('checkpoint_epoch'),
    /** The one before, for the case that the bytes of the newest are damaged. */
    previousCheckpointSha256: text('previous_checkpoint_sha256').references(() => artifacts.sha256),
    previousCheckpointStep: integer('previous_checkpoint_step'),
    previousCheckpointEpoch: integer('previous_checkpoint_epoch'),
    result: json<JsonObject>('result'),
    /** Time under lease, over all attempts that ended. */
    busyMilliseconds: integer('busy_milliseconds').notNull().default(0),
    /** The part of it on runners with a GPU. */
    gpuMilliseconds: integer('gpu_milliseconds').notNull().default(0),
    /** What its runners said they worked through, repeated work included: see `tokenCounts` of the contract. */
    promptTokens: integer('prompt_tokens').notNull().default(0),
    sampledTokens: integer('sampled_tokens').notNull().default(0),
    scoredTokens: integer('scored_tokens').notNull().default(0),
    trainedTokens: integer('trained_tokens').notNull().default(0),
    createdAt: instant('created_at').notNull(),
    startedAt: instant('started_at'),
    finishedAt: instant('finished_at'),
  },
  (table) => [
    index('tasks_claim').on(table.status, table.engineVersion, table.priority, table.id),
    index('tasks_lease_expiry')
      .on(table.leaseExpiresAt)
      .where(sql`${table.status} = 'leased'`),
    index('tasks_runner').on(table.leaseRunnerId, table.status),
    index('tasks_kind').on(table.kind, table.id),
    index('tasks_status').on(table.status, table.id),
    uniqueIndex('tasks_claim_key').on(table.claimKey),
    index('tasks_checkpoint')
      .on(table.checkpointSha256)
      .where(sql`${table.checkpointSha256} is not null`),
    index('tasks_previous_checkpoint')
      .on(table.previousCheckpointSha256)
      .where(sql`${table.previousCheckpointSha256} is not null`),
    index('tasks_prompts').on(promptsOf(table.specification)),
    index('tasks_cancelled')
      .on(table.cancelRequestedAt)
      .where(sql`${table.cancelRequestedAt} is not null`),
  ],
);

/**
 * Whether a task has a status, which stands as text in the statement: bound as a value it may or may not be that of the
 * partial index `tasks_lease_expiry`, so that SQLite plans anew at every run. A claim took 59 µs of processor time instead
 * of 23 (docs/results/edge-statements.md).
 */
export const hasStatus = (status: (typeof TASK_STATUSES)[number]) =>
  sql`${tasks.status} = ${sql.raw(`'${status}'`)}`;

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

/** What a task reads, so that lineage can be followed from an artifact to what was made of it. */
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

/** The artifacts that a task's runners put for it: what it may name as its checkpoint or its output, and read again. */
export const taskPuts = sqliteTable(
  'task_puts',
  {
    taskId: text('task_id')
      .notNull()
      .references(() => tasks.id, { onDelete: 'cascade' }),
    sha256: text('sha256').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.taskId, table.sha256] }),
    index('task_puts_artifact').on(table.sha256, table.taskId),
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
    /** `lease-expired`, `runner-restarted`, or the runner's error code. */
    code: text('code').notNull(),
    message: text('message').notNull(),
    cure: text('cure'),
    retried: integer('retried', { mode: 'boolean' }).notNull(),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.taskId, table.epoch] })],
);
