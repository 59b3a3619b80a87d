/**
 * Fly: one Machine for each launch, which is destroyed when its runner ends (Machines API v1). Written from its
 * documentation and never run against it. Fly has announced the end of its GPUs, so FLY_GUEST is a CPU machine for
 * small models unless you say otherwise.
 */
import { apiKey, type Environment, readVariables } from '../../shared/read-variables.ts';
import { create, IMAGE_VARIABLES, RUNNER_VARIABLES, runnerEnvironment, text } from './provider.ts';
import type { StartRunner } from './receive.ts';

const API = 'https://api.machines.dev/v1';
const GUEST = '{"cpu_kind":"performance","cpus":8,"memory_mb":16384}';

export const FLY_VARIABLES = {
  ...IMAGE_VARIABLES,
  FLY_API_TOKEN: { help: 'token of the Machines API (required)', schema: apiKey },
  FLY_APP: { help: 'app in which the Machines are made (required)', schema: text },
  FLY_GUEST: { help: `machine as JSON; ${GUEST} unless given`, schema: text.default(GUEST) },
  FLY_REGION: { help: "region; Fly's choice unless given", schema: text.optional() },
} as const;

/** @throws ConfigurationError */
export function fly(
  environment: Environment<typeof RUNNER_VARIABLES & typeof FLY_VARIABLES>,
  api = API,
): StartRunner {
  const variables = readVariables({ ...RUNNER_VARIABLES, ...FLY_VARIABLES }, environment);
  const { FLY_API_TOKEN: token, FLY_APP: app, RLCD_RUNNER_IMAGE: image, FLY_REGION: region } = variables;
  const guest = JSON.parse(variables.FLY_GUEST) as object;
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
