/** What the scheduled handler does on every host: safe to repeat, to break off and to run twice at once. */
import type { Store } from '../store/database.ts';
import { sweepStore } from '../store/sweep.ts';
import type { LaunchPolicy } from './launch/launcher.ts';
import { reconcile } from './launch/reconcile.ts';
import { sweep, type Swept } from './sweep.ts';

export async function runSchedule({
  clock,
  launch,
  hearing,
  ...store
}: Store &
  Swept & { readonly clock: () => number; readonly launch?: LaunchPolicy | undefined }): Promise<void> {
  const { database } = store;
  await sweep({ database, hearing }, clock());
  await sweepStore(store, clock());
  if (launch) await reconcile(database, launch, clock());
}
