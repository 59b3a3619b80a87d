/** Queries on the event log. Ids rise in the order of commits: SQLite has one writer at a time. */
import { and, desc, eq, gt, sql, type SQL } from 'drizzle-orm';
import type { Database } from './database.ts';
import { events } from './schema/index.ts';
import { prepared } from './statement.ts';

export type EventRow = typeof events.$inferSelect;

const after = (condition?: SQL) =>
  prepared((database) =>
    database
      .select()
      .from(events)
      .where(and(condition, gt(events.id, sql.placeholder('after'))))
      .orderBy(events.id)
      .limit(sql.placeholder('limit'))
      .prepare(),
  );
const eventsAfter = after();
const eventsOfExperiment = after(eq(events.experimentId, sql.placeholder('experimentId')));

/** @param request `experimentId` undefined: of every experiment */
export async function readEvents(
  database: Database,
  request: { experimentId?: string | undefined; after: number; limit: number },
): Promise<EventRow[]> {
  const query = request.experimentId === undefined ? eventsAfter : eventsOfExperiment;
  return await query(database).all({ ...request });
}

const last = (condition?: SQL) =>
  prepared((database) =>
    database
      .select({ id: events.id })
      .from(events)
      .where(condition)
      .orderBy(desc(events.id))
      .limit(1)
      .prepare(),
  );
const lastEvent = last();
const lastOfExperiment = last(eq(events.experimentId, sql.placeholder('experimentId')));

/** Number of the newest event, of one experiment or of all; 0 where there is none. */
export async function readLastEventId(database: Database, experimentId?: string): Promise<number> {
  const row = await (experimentId === undefined
    ? lastEvent(database).get()
    : lastOfExperiment(database).get({ experimentId }));
  return row?.id ?? 0;
}
