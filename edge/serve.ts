/** `rlcd serve`: the edge on plain Node, for people without Cloudflare and for local runs. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import { serve, type ServerType } from '@hono/node-server';
import { createCommand, runCommand } from '../shared/command-line/command.ts';
import { helpSection } from '../shared/command-line/help-section.ts';
import { ConfigurationError, explainVariables, readVariables } from '../shared/read-variables.ts';
import { createApp } from './app.ts';
import type { Dependencies } from './http/dependencies.ts';
import { ensureDashboard } from './hosts/build-dashboard.ts';
import { dashboardFiles } from './hosts/dashboard-files.ts';
import { openClusterTransport } from './hosts/cluster-transport.ts';
import { openLocalRunners } from './hosts/local-runners.ts';
import { limitIdle } from './hosts/idle-limit.ts';
import { Hearing } from './hosts/hearing.ts';
import { openNodeHost } from './hosts/node.ts';
import { createPacking } from './hosts/packed-files.ts';
import { portError } from './hosts/require-port.ts';
import { startTicker } from './hosts/ticker.ts';
import { SERVE_VARIABLES } from './hosts/variables.ts';
import { createSecret } from './http/keys.ts';
import { readLaunchPolicy } from './orchestration/launch/configuration.ts';
import { runSchedule } from './orchestration/schedule.ts';
import { commit } from './store/database.ts';
import { followAbsence } from './store/leases/absence.ts';
import { followSetBack } from './store/leases/set-back.ts';
import { createIdentifier } from './store/identifier.ts';
import { hasAdministrator, insertKey } from './store/keys.ts';

/** A store that nobody could administrate gets a key for it, printed this once. */
async function createFirstKey({ database, bootstrapKey, clock }: Dependencies): Promise<void> {
  if (bootstrapKey !== undefined || (await hasAdministrator(database))) return;
  const now = clock();
  const id = createIdentifier(now);
  const { secret, secretSha256 } = createSecret(id);
  const key = {
    id,
    name: 'first administrator',
    secretSha256,
    scopes: ['admin' as const],
    createdAt: now,
    revokedAt: null,
  };
  await commit(database, [insertKey(database, key)]);
  console.log(`Administrator's key (shown only now): ${secret}`);
}

/** Leases last 60 s and delays begin at 1 s, so this is often enough to lose no time. */
const TICK_MILLISECONDS = 1000;

async function start(): Promise<void> {
  const settings = readVariables(SERVE_VARIABLES, process.env);
  const { HOST: hostname, PORT: port, RLCD_DATA: directory = '.rlcd', RLCD_ADMIN_KEY: key } = settings;
  const host = openNodeHost(directory, key, settings.RLCD_TRUSTED_PROXIES);
  const url = `http://${hostname}:${port}`;
  const behind = await followSetBack(host.dependencies.database, host.dependencies.clock());
  if (behind > 0) {
    console.error(
      `The clock of this machine is ${behind} ms behind the time at which the store was last written to: leases and waits went back with it, so that none grows`,
    );
  }
  const away = await followAbsence(host.dependencies.database, host.dependencies.clock());
  if (away > 0) {
    console.error(`No edge served this folder for ${away} ms: every lease lasts longer by as much`);
  }
  const hearing = new Hearing(host.dependencies.clock, (line) => console.error(line));
  const local = await openLocalRunners(host.dependencies, url, settings.RLCD_RUNNERS);
  const { environment, transport } = await openClusterTransport(process.env);
  const remote = readLaunchPolicy(environment, transport);
  if (local && remote) {
    throw new ConfigurationError(
      `RLCD_RUNNERS brings runners up on this machine, and the ${remote.launcher.name} elsewhere: set one of them`,
    );
  }
  const dependencies: Dependencies = {
    ...host.dependencies,
    launch: local?.policy ?? remote,
    hearing,
    dashboard: dashboardFiles(await ensureDashboard()),
  };
  const server = await listen(dependencies, hostname, port);
  await createFirstKey(host.dependencies);
  console.log(`RLCD edge on ${url} (dashboard: /, API: /reference, data: ${directory})`);
  const stopHearing = hearing.start();
  const stopTicker = startTicker(async () => await runSchedule(dependencies), TICK_MILLISECONDS);
  let isStopping = false;
  const stop = async () => {
    if (isStopping) return;
    isStopping = true;
    local?.stop();
    stopHearing();
    await stopTicker();
    // Followers of live events would hold the server open for ever.
    if ('closeAllConnections' in server) server.closeAllConnections();
    server.close(() => host.close());
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop());
}

/** @throws ConfigurationError where another program has the port */
async function listen(dependencies: Dependencies, hostname: string, port: number): Promise<ServerType> {
  const app = createApp(dependencies);
  const pack = createPacking();
  const server = serve({
    fetch: (request, bindings) => pack(request, () => app.fetch(request, bindings)),
    port,
    hostname,
  });
  // Without TLS it is Node's plain server.
  limitIdle(server as Server);
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw portError(hostname, port, cause);
  }
  return server;
}

export const command = createCommand(
  'rlcd serve',
  'The edge on plain Node, with its data in a folder. It serves until it is stopped.',
)
  .addHelpText('after', helpSection('Environment:', explainVariables(SERVE_VARIABLES)))
  .action(start);

if (import.meta.main) await runCommand(command);
