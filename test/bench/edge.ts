/** `npm run bench -- edge`: the edge over loopback, on Node and as the Worker under wrangler's local runtime, each with 10,000 experiments and 1,000,000 metric points stored: reads, claims, a page of the run list, a curve, live events. */
import { z } from 'zod';
import { benchClaims } from './edge/claims.ts';
import { benchEvents } from './edge/events.ts';
import { createFolder, createStore, startHost, type HostName, type RunningHost } from './edge/hosts.ts';
import { Load } from './edge/load.ts';
import { phase } from './edge/phase.ts';
import { benchCurve, benchList, benchReads, CONNECTIONS } from './edge/reads.ts';
import { CURVE_POINTS, seedStore, type Seeded } from './edge/seed-store.ts';
import { createCommand } from '../../shared/command-line/command.ts';
import { jsonOption } from '../../scripts/experiment/options.ts';
import { Option } from '@commander-js/extra-typings';

const CLAIM_ROUNDS: Readonly<Record<HostName, number>> = { node: 5, 'wrangler-dev': 1 };
const START_SECONDS = 150;
const PHASE_SECONDS = 60;

const keyForm = z.object({ secret: z.string() });

async function createKey({ origin, adminKey }: RunningHost, scope: string): Promise<string> {
  const load = new Load(origin, adminKey, 1);
  const body = JSON.stringify({ name: scope, scopes: [scope] });
  const { text } = await load.send({ path: '/v1/keys', method: 'POST', body });
  await load.close();
  return keyForm.parse(JSON.parse(text)).secret;
}

async function benchRunning(name: HostName, host: RunningHost, seeded: Seeded) {
  const rounds = CLAIM_ROUNDS[name];
  const keys = { client: await createKey(host, 'client'), runner: await createKey(host, 'runner') };
  const client = new Load(host.origin, keys.client, CONNECTIONS);
  const runner = new Load(host.origin, keys.runner, CONNECTIONS);
  /** One part, and what it cost this process and the host's: they share the machine's cores. */
  const measured = async <Result>(what: string, load: Load, work: () => Promise<Result>): Promise<Result> => {
    const [sent, cpu, own] = [load.sent, host.cpu(), process.cpuUsage()];
    const result = await phase(`${name}, ${what}`, PHASE_SECONDS, work);
    const [requests, used] = [load.sent - sent, process.cpuUsage(own)];
    const each = (microseconds: number) => Math.round(microseconds / requests);
    const server = cpu === undefined ? 'unknown' : each((host.cpu() ?? cpu) - cpu);
    console.error(
      `  processor time of each of ${requests} requests: server ${server} µs,` +
        ` load generator ${each(used.user + used.system)} µs`,
    );
    return result;
  };
  const figures = {
    host: name,
    reads: await measured('reads', client, async () => await benchReads(client, seeded)),
    claims: await measured('claims', runner, async () => await benchClaims(runner, rounds)),
    list10k: await measured('pages of the run list', client, async () => await benchList(client)),
    curve: await measured('curves', client, async () => await benchCurve(client, seeded)),
    events: await measured(
      'events',
      runner,
      async () => await benchEvents(host.origin, keys.client, runner, rounds + 1),
    ),
  };
  await client.close();
  await runner.close();
  return figures;
}

async function benchHost(name: HostName) {
  const folder = createFolder();
  try {
    const seeded = await phase(
      `${name}, filling the store`,
      START_SECONDS,
      // No host runs meanwhile, and nobody else writes under load.
      async () => seedStore(createStore(name, folder.path), CLAIM_ROUNDS[name] + 2),
    );
    const host = await phase(`${name}, start`, START_SECONDS, async () => await startHost(name, folder.path));
    try {
      return await benchRunning(name, host, seeded);
    } finally {
      await host.stop();
    }
  } finally {
    folder.remove();
  }
}

type Figures = Awaited<ReturnType<typeof benchHost>>;

function inWords({ host, reads, claims, list10k, curve, events }: Figures): string {
  return (
    `${host}: ${reads.requestsPerSecond} reads/s (p95 ${reads.p95Ms} ms), ${claims.perSecond} claims/s` +
    ` (p95 ${claims.p95Ms} ms, ${claims.duplicates} duplicates), a page of 10,000 experiments p95 ${list10k.p95Ms} ms,` +
    ` a curve of ${CURVE_POINTS} points p95 ${curve.p95Ms} ms, an event p95 ${events.p95DelayMs} ms`
  );
}

const HOSTS = ['node', 'wrangler-dev'] as const;

/** A host that fails is told on standard error, and the other one has its turn. */
export const command = createCommand(
  'npm run bench -- edge',
  "The edge over loopback, on Node and as the Worker under wrangler's local runtime, each with 10,000 " +
    'experiments and 1,000,000 metric points stored: reads, claims, a page of the run list, a curve, live ' +
    'events. One document a host.',
)
  .addOption(new Option('--host <host>', 'one of them alone').choices(HOSTS))
  .addOption(jsonOption())
  .action(async (values) => {
    const names = HOSTS.filter((name) => values.host === undefined || name === values.host);
    for (const name of names) {
      try {
        const figures = await benchHost(name);
        console.log(values.json ? JSON.stringify(figures) : inWords(figures));
      } catch (error) {
        console.error(`${name}:`, error);
        process.exitCode = 1;
      }
    }
    // Requests that a limit has cut off may still be open.
    if (process.exitCode === 1) process.exit();
  });
