/** Runners and launches. */
import type { runnerEndpoints } from '../../shared/api/runners.ts';
import type { Dependencies } from '../http/dependencies.ts';
import type { Handlers } from '../http/handler.ts';
import { reconcile } from '../orchestration/launch/reconcile.ts';
import { conflict } from '../domain/errors.ts';
import { memoryPlanHandlers } from './memory-plans.ts';
import { listLaunches } from '../store/launches.ts';
import { listRunners } from '../store/runners.ts';

export function runnerHandlers({ database, launch }: Dependencies): Handlers<typeof runnerEndpoints> {
  return {
    ...memoryPlanHandlers,
    async listRunners({ query }, { now }) {
      return { body: await listRunners(database, query, now) };
    },

    async listLaunches({ query }) {
      return { body: await listLaunches(database, query) };
    },

    async launchRunner(_, { now }) {
      if (!launch) {
        throw conflict(
          'This edge has nothing to start runners with: start one by hand, or the edge with RLCD_RUNNERS=1 (npx rlcd serve) or RLCD_LAUNCH_URL',
        );
      }
      return { body: { launch: (await reconcile(database, launch, now)) ?? null } };
    },
  };
}
