/**
 * Time in which the edge could hear nobody: it was stopped, or away, or its clock jumped ahead. Who holds a lease could not
 * renew it then, so every lease lasts longer by as much: a healthy task is not taken from its runner for what befell the edge.
 */
import { eq, sql } from 'drizzle-orm';
import { LEASE_MILLISECONDS } from '../../domain/lease.ts';
import { commit, type Database } from '../database.ts';
import { tasks } from '../schema/index.ts';
import { lastInstant } from './set-back.ts';

/** Less passes between two heartbeats of the edge on a busy machine. */
export const HEARING_MILLISECONDS = 3000;

/** To be called before leases are ended. No lease gets more than a whole one, so that one that was just given stays as it is. */
export async function lengthenLeases(database: Database, milliseconds: number, now: number): Promise<void> {
  await commit(database, [
    database
      .update(tasks)
      .set({
        leaseExpiresAt: sql`min(${tasks.leaseExpiresAt} + ${milliseconds}, ${now + LEASE_MILLISECONDS})`,
      })
      .where(eq(tasks.status, 'leased')),
  ]);
}

/**
 * To be called once, before the first request, behind `followSetBack`.
 *
 * @returns milliseconds since the store was last written to, by which leases are longer now; 0: hardly any
 */
export async function followAbsence(database: Database, now: number): Promise<number> {
  const last = await lastInstant(database);
  const away = now - last;
  if (last === 0 || away <= HEARING_MILLISECONDS) return 0;
  await lengthenLeases(database, away, now);
  return away;
}
