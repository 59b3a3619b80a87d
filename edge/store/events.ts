/** Queries on the event log. Ids rise in the order of commits: SQLite has one writer at a time. */
import type { Database } from './database.ts';
import { raw, rows } from './raw.ts';

export interface EventRow {
  readonly id: number;
  readonly experimentId: string | null;
  readonly taskId: string | null;
  readonly kind: string;
  /** JSON of an object. */
  readonly data: string;
  readonly createdAt: number;
}

const COLUMNS = 'id, experiment_id AS experimentId, task_id AS taskId, kind, data, created_at AS createdAt';

/** @param experimentId undefined: of every experiment */
export async function readEvents(
  database: Database,
  { experimentId, after, limit }: { experimentId?: string | undefined; after: number; limit: number },
): Promise<EventRow[]> {
  const statement =
    experimentId === undefined
      ? raw(database, `SELECT ${COLUMNS} FROM events WHERE id > ? ORDER BY id LIMIT ?`, after, limit)
      : raw(
          database,
          `SELECT ${COLUMNS} FROM events WHERE experiment_id = ? AND id > ? ORDER BY id LIMIT ?`,
          experimentId,
          after,
          limit,
        );
  return await rows<EventRow>(statement);
}

/** Number of the newest event; 0 where there is none. */
export async function readLastEventId(database: Database): Promise<number> {
  const [row] = await rows<{ id: number }>(raw(database, 'SELECT id FROM events ORDER BY id DESC LIMIT 1'));
  return row?.id ?? 0;
}
