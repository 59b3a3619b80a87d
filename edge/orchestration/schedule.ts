/** What the scheduled handler does on every host: safe to repeat, to break off and to run twice at once. */
import type { Dependencies } from '../dependencies.ts';
import { sweepStore } from '../store/sweep.ts';
import { reconcile } from './launch/reconcile.ts';
import { sweep } from './sweep.ts';

export async function runSchedule(dependencies: Dependencies): Promise<void> {
  const { database, launch, clock } = dependencies;
  await sweep(database, clock());
  await sweepStore(dependencies, clock());
  if (launch) await reconcile(database, launch, clock());
}
