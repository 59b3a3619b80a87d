/** Queries on launches: the log of decisions, and what decides the next one. */
import { and, desc, eq, exists, gt, isNull, lt, lte, or, sql } from 'drizzle-orm';
import { z } from 'zod';
import { commit, type Database } from './database.ts';
import { allColumns } from './json-rows.ts';
import { readCursor, toPage, type PageRequest } from './page.ts';
import { SILENCE_MILLISECONDS } from './runners.ts';
import { hasStatus, launches, runners, tasks } from './schema/index.ts';
import { compiled, prepared } from './statement.ts';

export type LaunchRow = typeof launches.$inferSelect;

/** Enough to know that the last launches all failed. */
const LAUNCHES_READ = 12;

export interface FleetState {
  readonly queuedTasks: number;
  readonly liveRunners: number;
  /** Alive and without a task. */
  readonly idleRunners: number;
  /** Launched, not heard yet, and not given up. */
  readonly startingRunners: number;
  /** The newest first. */
  readonly launches: readonly LaunchRow[];
}

const newestLaunches = prepared((database) =>
  database.select().from(launches).orderBy(desc(launches.id)).limit(LAUNCHES_READ).prepare(),
);

/** @param startMilliseconds how long a launched runner may take to its first claim */
export async function readFleetState(
  database: Database,
  startMilliseconds: number,
  now: number,
): Promise<FleetState> {
  const isAlive = gt(runners.seenAt, now - SILENCE_MILLISECONDS);
  const held = database
    .select({ one: sql`1` })
    .from(tasks)
    .where(and(eq(tasks.leaseRunnerId, runners.id), hasStatus('leased')));
  const [counted] = await database
    .select({
      queued: database.$count(tasks, and(hasStatus('queued'), lte(tasks.availableAt, now))),
      live: database.$count(runners, isAlive),
      busy: database.$count(runners, and(isAlive, exists(held))),
      starting: database.$count(
        launches,
        and(
          eq(launches.outcome, 'launched'),
          isNull(launches.arrivedAt),
          gt(launches.createdAt, now - startMilliseconds),
        ),
      ),
    })
    .from(sql`(select 1)`);
  const { queued = 0, live = 0, busy = 0, starting = 0 } = counted ?? {};
  return {
    queuedTasks: queued,
    liveRunners: live,
    idleRunners: live - busy,
    startingRunners: starting,
    launches: await newestLaunches(database).all(),
  };
}

/** The launched runner has claimed for the first time; a launch that is not in the log is nobody's. */
export const markArrived = compiled<{ launchId: string; runnerId: string; keyId: string; now: number }>(
  (database, value) => {
    const owned = database
      .select({ one: sql`1` })
      .from(runners)
      .where(and(eq(runners.id, value('runnerId')), eq(runners.keyId, value('keyId'))));
    return database
      .update(launches)
      .set({ arrivedAt: value('now') })
      .where(and(eq(launches.id, value('launchId')), isNull(launches.arrivedAt), exists(owned)));
  },
);

const insertAfter = compiled<Omit<LaunchRow, 'arrivedAt'> & { newest: string }>((database, value) =>
  database
    .insert(launches)
    .select(
      database
        .select(
          allColumns(launches, {
            id: value('id'),
            launcher: value('launcher'),
            outcome: value('outcome'),
            reason: value('reason'),
            queuedTasks: value('queuedTasks'),
            liveRunners: value('liveRunners'),
            createdAt: value('createdAt'),
          }),
        )
        .from(sql`(select 1)`)
        .where(
          eq(
            sql`coalesce(${database.select({ id: launches.id }).from(launches).orderBy(desc(launches.id)).limit(1)}, '')`,
            value('newest'),
          ),
        ),
    )
    .returning({ id: launches.id }),
);

/**
 * Writes a decision down, if no other one was written since `newest`.
 *
 * @param newest id of the newest launch that the decision knew of
 * @returns whether it was written: only then may the launcher be asked
 */
export async function insertLaunch(
  database: Database,
  launch: LaunchRow,
  newest: string | undefined,
): Promise<boolean> {
  const [written] = await commit(database, [insertAfter(database, { ...launch, newest: newest ?? '' })]);
  return (written ?? []).length > 0;
}

export async function setLaunchOutcome(
  database: Database,
  id: string,
  { outcome, reason }: Pick<LaunchRow, 'outcome' | 'reason'>,
): Promise<void> {
  await database.update(launches).set({ outcome, reason }).where(eq(launches.id, id));
}

/**
 * What was launched has ended without having claimed.
 *
 * @param since one that was launched after this has failed although it had claimed: it is no use to launch the next one at once
 */
export async function failLaunch(
  database: Database,
  id: string,
  reason: string,
  since?: number,
): Promise<void> {
  const isEarly = since === undefined ? undefined : gt(launches.createdAt, since);
  await database
    .update(launches)
    .set({ outcome: 'failed', reason })
    .where(and(eq(launches.id, id), or(isNull(launches.arrivedAt), isEarly)));
}

export async function listLaunches(
  database: Database,
  { outcome, ...page }: PageRequest & { readonly outcome?: LaunchRow['outcome'] | undefined },
) {
  const before = readCursor(page, z.string());
  const found = await database
    .select()
    .from(launches)
    .where(
      and(
        outcome === undefined ? undefined : eq(launches.outcome, outcome),
        before === undefined ? undefined : lt(launches.id, before),
      ),
    )
    .orderBy(desc(launches.id))
    .limit(page.limit + 1);
  return toPage(found, page, (row) => row.id);
}
