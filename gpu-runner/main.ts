/** The runner: takes tasks from the edge, works on them in the engine's process, and reports. `--help` says how. */
import { join } from 'node:path';
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
import { createEdgeServer } from './serve/edge-access.ts';
import { Sampling } from './serve/sampling.ts';
import { listen } from './serve/server.ts';
import { resolvedSource } from './tasks/model-sources.ts';
import { describeModel } from './tasks/open-base-model.ts';

type Settings = ReturnType<typeof readConfiguration>;

const log = (line: string): void => console.error(`${new Date().toISOString()} ${line}`);

async function work({ device, reason }: ChosenDevice): Promise<void> {
  const settings = readConfiguration(process.env);
  const { RLCD_EDGE_URL, RLCD_RUNNER_KEY, RLCD_RUNNER_NAME, RLCD_CACHE, RLCD_IDLE_SECONDS, RLCD_LAUNCH_ID } =
    settings;
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
  const serving = await startServing(settings, device);
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
      serveUrl: settings.RLCD_SERVE_URL,
      idleSeconds: RLCD_IDLE_SECONDS ?? null,
      stop: stop.signal,
      log,
    });
  } finally {
    await serving?.close();
    await engine.close();
    await pulse.end();
  }
}

/** Serves models to the edge where the environment says so. @returns undefined where it does not */
async function startServing(
  { RLCD_SERVE_URL: url, RLCD_SERVE_PORT: wanted, RLCD_RUNNER_KEY, RLCD_CACHE }: Settings,
  device: ChosenDevice['device'],
): Promise<{ close(): Promise<void> } | undefined> {
  if (url === undefined) return undefined;
  const { port, protocol, hostname } = new URL(url);
  const usual = port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port);
  const sampling = new Sampling(RLCD_CACHE, device);
  const folder = join(RLCD_CACHE, 'served-adapters');
  const app = createEdgeServer({ sampling, runnerKey: RLCD_RUNNER_KEY, folder, log });
  // Where only this machine is meant, only this machine is heard.
  const isLocal = ['127.0.0.1', 'localhost'].includes(hostname);
  const server = await listen(app, wanted ?? usual, isLocal ? '127.0.0.1' : '0.0.0.0');
  log(`serves models on port ${server.port}; the edge asks at ${url}`);
  return {
    close: async () => {
      await server.close();
      await sampling.close();
    },
  };
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
      console.log(
        JSON.stringify(
          await describeModel(name, resolvedSource(source), readCacheFolder(process.env)),
          null,
          2,
        ),
      );
  });

if (import.meta.main) await runCommand(command);
