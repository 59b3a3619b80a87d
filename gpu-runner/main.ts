/** The runner: takes tasks from the edge, works on them in the engine's process, and reports. `--help` says how. */
import { createCommand, runCommand } from '../shared/command-line/command.ts';
import { helpSection } from '../shared/command-line/help-section.ts';
import { explainVariables } from '../shared/read-variables.ts';
import { claimLoop } from './runner/claim-loop.ts';
import { readCacheFolder, readConfiguration, RUNNER_VARIABLES } from './runner/configuration.ts';
import { chooseDevice, type ChosenDevice, deviceOption } from './runner/device.ts';
import { Edge } from './runner/edge.ts';
import { Engine } from './runner/engine.ts';
import { Pulse } from './runner/health.ts';
import { openRunnerId } from './runner/runner-id.ts';
import { servedHosts } from './served-model/served-hosts.ts';
import { describeModel } from './tasks/open-base-model.ts';

const log = (line: string): void => console.error(`${new Date().toISOString()} ${line}`);

async function work({ device, reason }: ChosenDevice): Promise<void> {
  const { RLCD_EDGE_URL, RLCD_RUNNER_KEY, RLCD_RUNNER_NAME, RLCD_CACHE, RLCD_IDLE_SECONDS, RLCD_LAUNCH_ID } =
    readConfiguration(process.env);
  servedHosts(process.env);
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      log(`${signal}: hands back what is running and ends`);
      stop.abort(new Error(signal));
    });
  }
  log(`device ${device}: ${reason}`);
  const engine = new Engine(RLCD_CACHE, device);
  const id = await openRunnerId(RLCD_CACHE);
  const pulse = new Pulse(RLCD_CACHE);
  /** A health check that fails is no reason to lose work. */
  const onAnswer = async (): Promise<void> => {
    await pulse.beat().catch((error: unknown) => log(`health cannot be told: ${String(error)}`));
  };
  log(`runner ${RLCD_RUNNER_NAME} asks ${RLCD_EDGE_URL} for work`);
  try {
    await claimLoop({
      edge: new Edge({
        baseUrl: RLCD_EDGE_URL,
        key: RLCD_RUNNER_KEY,
        log,
        onAnswer,
        patienceSeconds: RLCD_IDLE_SECONDS ?? null,
      }),
      engine,
      id,
      name: RLCD_RUNNER_NAME,
      launchId: RLCD_LAUNCH_ID,
      idleSeconds: RLCD_IDLE_SECONDS ?? null,
      stop: stop.signal,
      log,
    });
  } finally {
    await engine.close();
    await pulse.end();
  }
}

export const command = createCommand(
  'rlcd runner',
  'Takes tasks from the edge, runs them on this machine and reports until it is stopped. SIGTERM or SIGINT: no new ' +
    'task is taken; the running one is handed back and goes on from its last checkpoint.',
)
  .addOption(deviceOption())
  .option(
    '--describe-model <source>',
    'prints the body with which a model is registered (POST /v1/base-models), and ends',
  )
  .option('--name <name>', 'its name there', 'model')
  .addHelpText('after', helpSection('Environment:', explainVariables(RUNNER_VARIABLES)))
  .action(async ({ device, describeModel: source, name }) => {
    if (source === undefined) await work(chooseDevice(device));
    else
      console.log(JSON.stringify(await describeModel(name, source, readCacheFolder(process.env)), null, 2));
  });

if (import.meta.main) await runCommand(command);
