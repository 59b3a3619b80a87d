/** A launcher that launches nothing and says what it was asked for. */
import type { Launcher, LaunchRequest } from './launcher.ts';

export function createDryRunLauncher(tell: (request: LaunchRequest) => void): Launcher {
  return {
    name: 'dry-run',
    async launch(request) {
      tell(request);
      return { outcome: 'launched', reason: `dry run for ${request.queuedTasks} queued tasks` };
    },
  };
}
