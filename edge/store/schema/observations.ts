/** What a run shows of itself: metric curves in chunks, samples to read, and the event log. */
import { sql } from 'drizzle-orm';
import { index, integer, primaryKey, real, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { instant, json, type JsonObject } from './columns.ts';
import { tasks } from './tasks.ts';

/** The least and the greatest point of a run of points, each with its step. */
export interface MetricBucket {
  readonly minimumStep: number;
  readonly minimum: number;
  readonly maximumStep: number;
  readonly maximum: number;
}

/**
 * Points of one metric of one task, by windows of steps. A chunk is keyed by its window, so a report that is
 * applied again (a resumed run repeats steps after its checkpoint) replaces points and doubles none. The
 * buckets let a curve of 100,000 points be drawn without reading a single point.
 */
export const metricChunks = sqliteTable(
  'metric_chunks',
  {
    taskId: text('task_id')
      .notNull()
      .references(() => tasks.id, { onDelete: 'cascade' }),
    name: text('name').notNull(),
    window: integer('window').notNull(),
    count: integer('count').notNull(),
    buckets: json<readonly MetricBucket[]>('buckets').notNull(),
    /** Pairs of (step, value) in order of step. */
    points: json<readonly (readonly [step: number, value: number])[]>('points').notNull(),
  },
  (table) => [primaryKey({ columns: [table.taskId, table.name, table.window] })],
);

export const samples = sqliteTable(
  'samples',
  {
    taskId: text('task_id')
      .notNull()
      .references(() => tasks.id, { onDelete: 'cascade' }),
    step: integer('step').notNull(),
    row: integer('row').notNull(),
    promptId: text('prompt_id').notNull(),
    prompt: text('prompt').notNull(),
    response: text('response').notNull(),
    score: real('score'),
    detail: json<JsonObject>('detail'),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.taskId, table.step, table.row] })],
);

/** Ids rise and are never used twice: they are the `Last-Event-ID` of the stream. */
export const events = sqliteTable(
  'events',
  {
    id: integer('id').primaryKey({ autoIncrement: true }),
    experimentId: text('experiment_id'),
    taskId: text('task_id'),
    kind: text('kind').notNull(),
    data: json<JsonObject>('data').notNull(),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [
    index('events_experiment').on(table.experimentId, table.id),
    // Progress is told once and then removed after a while; what happened stays.
    index('events_reported')
      .on(table.createdAt)
      .where(sql`${table.kind} = 'task-reported'`),
  ],
);
