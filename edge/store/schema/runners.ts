/** Runners that reported, and the log of every decision to launch one or not. */
import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { LAUNCH_OUTCOMES, RUNNER_STATUSES } from '../../../shared/api/words.ts';
import { id, instant, json, type JsonObject } from './columns.ts';

export const runners = sqliteTable(
  'runners',
  {
    id: id(),
    name: text('name').notNull(),
    /** The API key it speaks with: only this key may act for the runner. */
    keyId: text('key_id').notNull(),
    status: text('status', { enum: RUNNER_STATUSES }).notNull(),
    engineVersion: text('engine_version').notNull(),
    /** Device, memory and versions, as the runner told. */
    device: json<JsonObject>('device').notNull(),
    createdAt: instant('created_at').notNull(),
    seenAt: instant('seen_at').notNull(),
  },
  (table) => [
    index('runners_status').on(table.status, table.id),
    index('runners_seen').on(table.status, table.seenAt),
  ],
);

export const launches = sqliteTable(
  'launches',
  {
    id: id(),
    launcher: text('launcher').notNull(),
    outcome: text('outcome', { enum: LAUNCH_OUTCOMES }).notNull(),
    reason: text('reason').notNull(),
    queuedTasks: integer('queued_tasks').notNull(),
    liveRunners: integer('live_runners').notNull(),
    /** The runner that came of it, once it reported. */
    runnerId: text('runner_id').references(() => runners.id),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [
    index('launches_outcome').on(table.outcome, table.id),
    index('launches_runner').on(table.runnerId),
  ],
);
