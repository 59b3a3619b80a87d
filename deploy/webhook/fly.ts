/**
 * Fly: one Machine for each launch, which is destroyed when its runner ends (Machines API v1). Written from its
 * documentation and never run against it. Fly has announced the end of its GPUs, so FLY_GUEST is a CPU machine for
 * small models unless you say otherwise.
 */
import { create, required, runnerEnvironment, type Variables } from './provider.ts';
import type { StartRunner } from './receive.ts';

const API = 'https://api.machines.dev/v1';
const GUEST = '{"cpu_kind":"performance","cpus":8,"memory_mb":16384}';

export function fly(variables: Variables, api = API): StartRunner {
  const token = required(variables, 'FLY_API_TOKEN');
  const app = required(variables, 'FLY_APP');
  const image = required(variables, 'RLCD_RUNNER_IMAGE');
  const guest = JSON.parse(variables['FLY_GUEST'] ?? GUEST) as object;
  const region = variables['FLY_REGION'];
  return async (launch) =>
    await create(`${api}/apps/${app}/machines`, token, {
      // Names are unique in an app: the same launch makes no second machine.
      name: `rlcd-runner-${launch.launchId}`,
      ...(region === undefined ? {} : { region }),
      config: {
        image,
        guest,
        env: runnerEnvironment(variables, launch),
        auto_destroy: true,
        restart: { policy: 'no' },
        stop_config: { signal: 'SIGTERM', timeout: '60s' },
      },
    });
}
