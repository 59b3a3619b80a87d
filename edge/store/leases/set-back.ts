/**
 * A clock that was set back while no edge ran: what the store says of the future goes back by as much. Leases end when they
 * would have, nothing waits for a time that has passed once, and runners that are gone are not taken for live ones.
 */
import { and, eq, gt, max, sql, type AnyColumn } from 'drizzle-orm';
import { LEASE_MILLISECONDS, LONGEST_DELAY_MILLISECONDS } from '../../domain/lease.ts';
import { commit, type Database } from '../database.ts';
import { hasStatus, launches, runners, tasks } from '../schema/index.ts';

/** Less is what machines correct all the time. */
const TOLERANCE_MILLISECONDS = 1000;

/**
 * When the store was last written to, by the rows alone that go back below: what has gone back once is of no future any
 * more, so that a second start changes nothing. 0 where nothing happened yet.
 */
export async function lastInstant(database: Database): Promise<number> {
  const [seen] = await database.select({ at: max(runners.seenAt) }).from(runners);
  const [leased] = await database
    .select({ at: max(tasks.leaseExpiresAt) })
    .from(tasks)
    .where(hasStatus('leased'));
  const [queued] = await database
    .select({ at: max(tasks.availableAt) })
    .from(tasks)
    .where(hasStatus('queued'));
  return Math.max(
    seen?.at ?? 0,
    (leased?.at ?? 0) - LEASE_MILLISECONDS,
    (queued?.at ?? 0) - LONGEST_DELAY_MILLISECONDS,
  );
}

/**
 * To be called once, before the first request.
 *
 * @returns milliseconds by which the clock is behind the store; 0: it is not
 */
export async function followSetBack(database: Database, now: number): Promise<number> {
  const behind = (await lastInstant(database)) - now;
  if (behind <= TOLERANCE_MILLISECONDS) return 0;
  const back = (column: AnyColumn) => sql`${column} - ${behind}`;
  await commit(database, [
    database
      .update(tasks)
      .set({ leaseExpiresAt: back(tasks.leaseExpiresAt), claimedAt: back(tasks.claimedAt) })
      .where(eq(tasks.status, 'leased')),
    database
      .update(tasks)
      .set({ availableAt: back(tasks.availableAt) })
      .where(and(eq(tasks.status, 'queued'), gt(tasks.availableAt, now))),
    database
      .update(runners)
      .set({ seenAt: back(runners.seenAt) })
      .where(gt(runners.seenAt, now)),
    database
      .update(launches)
      .set({ createdAt: back(launches.createdAt) })
      .where(gt(launches.createdAt, now)),
  ]);
  return behind;
}
