/** What has to be done from time to time whoever asks: end the leases that ran out, and plan what was not planned. */
import type { Database } from '../store/database.ts';
import { requeue } from '../store/leases/requeue.ts';
import { advanceUnplanned } from './advance.ts';

/** @returns whether anything changed, so that a task may be there to claim */
export async function sweep(database: Database, now: number): Promise<boolean> {
  const requeued = await requeue(database, 'expired', now);
  const advanced = await advanceUnplanned(database, now);
  return requeued.length + advanced > 0;
}
