/** What has to be done from time to time whoever asks: end the leases that ran out, and plan what was not planned. */
import type { Database } from '../store/database.ts';
import { lengthenLeases } from '../store/leases/absence.ts';
import { requeue } from '../store/leases/requeue.ts';
import { advanceUnplanned } from './advance.ts';

/** What a host knows of the times in which it could hear nobody. */
export interface Hearing {
  /** @param lengthen given the milliseconds since the last time; called where there were any */
  passOn(lengthen: (milliseconds: number) => Promise<void>): Promise<void>;
}

export interface Swept {
  readonly database: Database;
  readonly hearing?: Hearing | undefined;
}

/**
 * Makes leases longer by the time in which nobody could be heard. To be called before anything is written: an edge that dies
 * between a write and this would find the time of that write when it starts, and know nothing of what was missed before it.
 */
export async function lengthenMissed({ database, hearing }: Swept, now: number): Promise<void> {
  await hearing?.passOn(async (missed) => await lengthenLeases(database, missed, now));
}

/** @returns whether anything changed, so that a task may be there to claim */
export async function sweep({ database, hearing }: Swept, now: number): Promise<boolean> {
  await lengthenMissed({ database, hearing }, now);
  const requeued = await requeue(database, 'expired', now);
  const advanced = await advanceUnplanned(database, now);
  return requeued.length + advanced > 0;
}
