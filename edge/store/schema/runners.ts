/** Runners that reported, and the log of every decision to launch one or not. */
import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { LAUNCH_OUTCOMES } from '../../../shared/api/words.ts';
import { id, instant, json, type JsonObject } from './columns.ts';

/** Whether a runner is alive follows from `seenAt`; nobody has to write down that one is gone. */
export const runners = sqliteTable(
  'runners',
  {
    id: id(),
    name: text('name').notNull(),
    /** The API key it speaks with: only this key may act for the runner. */
    keyId: text('key_id').notNull(),
    engineVersion: text('engine_version').notNull(),
    /** Device, memory and versions, as the runner told. */
    device: json<JsonObject>('device').notNull(),
    /** Where it serves models; null: nowhere. */
    serveUrl: text('serve_url'),
    createdAt: instant('created_at').notNull(),
    seenAt: instant('seen_at').notNull(),
  },
  (table) => [
    index('runners_seen').on(table.seenAt, table.id),
    index('runners_created').on(table.createdAt, table.id),
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
    createdAt: instant('created_at').notNull(),
    /** The first claim of the runner that was launched; null before it, and where nothing was launched. */
    arrivedAt: instant('arrived_at'),
  },
  (table) => [index('launches_outcome').on(table.outcome, table.id)],
);
