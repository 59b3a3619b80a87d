/**
 * RunPod: one pod for each launch (REST API v1). Written from its documentation and never run against it.
 *
 * A pod whose program has ended is started again and costs on, so this one removes itself by the key and the id that
 * RunPod gives every pod.
 */
import { apiKey, type Environment, readVariables } from '../../shared/read-variables.ts';
import { create, IMAGE_VARIABLES, RUNNER_VARIABLES, runnerEnvironment, text } from './provider.ts';
import type { StartRunner } from './receive.ts';

const API = 'https://rest.runpod.io/v1';

const REMOVE_SELF = `fetch('${API}/pods/' + process.env.RUNPOD_POD_ID, {
  method: 'DELETE', headers: { authorization: 'Bearer ' + process.env.RUNPOD_API_KEY } })
  .then((answer) => console.error('removes its pod: ' + answer.status))`.replaceAll(/\s*\n\s*/g, ' ');

/** The signal to end goes to the runner, and the pod is removed when that has ended. */
const RUN = `node gpu-runner/main.ts & runner=$!; trap 'kill -TERM $runner' TERM; wait $runner; wait $runner; node --eval "${REMOVE_SELF}"`;

const GPUS = 'NVIDIA H100 80GB HBM3,NVIDIA A100-SXM4-80GB';

export const RUNPOD_VARIABLES = {
  ...IMAGE_VARIABLES,
  RUNPOD_API_KEY: { help: 'key of the REST API (required)', schema: apiKey },
  RUNPOD_GPU_TYPES: { help: `GPU types with commas; ${GPUS} unless given`, schema: text.default(GPUS) },
} as const;

/** @throws ConfigurationError */
export function runpod(
  environment: Environment<typeof RUNNER_VARIABLES & typeof RUNPOD_VARIABLES>,
  api = API,
): StartRunner {
  const variables = readVariables({ ...RUNNER_VARIABLES, ...RUNPOD_VARIABLES }, environment);
  const { RUNPOD_API_KEY: key, RLCD_RUNNER_IMAGE: image, RUNPOD_GPU_TYPES } = variables;
  const gpus = RUNPOD_GPU_TYPES.split(',');
  return async (launch) =>
    await create(`${api}/pods`, key, {
      name: `rlcd-runner-${launch.launchId}`,
      imageName: image,
      computeType: 'GPU',
      gpuTypeIds: gpus,
      gpuCount: 1,
      containerDiskInGb: 20,
      volumeInGb: 100,
      volumeMountPath: '/data',
      env: runnerEnvironment(variables, launch),
      dockerEntrypoint: ['sh', '-c', RUN],
    });
}
