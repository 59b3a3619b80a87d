/**
 * Bench of the edge over loopback, for the host on Node and the Worker under `wrangler dev`, each with 10,000
 * experiments and 1,000,000 metric points stored: reads, claims, a page of the run list, a curve, live events.
 */
import { parseArgs } from 'node:util';
import { setTimeout as wait } from 'node:timers/promises';
import { request } from 'undici';
import { z } from 'zod';
import { startHost, type HostName, type RunningHost } from './edge/hosts.ts';
import { Load, quantile, round } from './edge/load.ts';
import {
  claimBody,
  CURVE_POINTS,
  CURVES,
  METRIC,
  seedStore,
  WAITING_TASKS,
  type Seeded,
} from './edge/seed-store.ts';

const CONNECTIONS = 32;
const CLAIMERS = 50;
const READ_MILLISECONDS = 5000;
const PAGES = 200;
const EVENTS = 25;
const CLAIM_ROUNDS: Readonly<Record<HostName, number>> = { node: 5, 'wrangler-dev': 1 };

const keyForm = z.object({ secret: z.string() });
const claimForm = z.object({
  task: z.object({ id: z.string(), epoch: z.number(), experimentId: z.string() }).nullable(),
});

async function createKey({ origin, adminKey }: RunningHost, scope: string): Promise<string> {
  const load = new Load(origin, adminKey, 1);
  const { text } = await load.send({
    path: '/v1/keys',
    method: 'POST',
    body: JSON.stringify({ name: scope, scopes: [scope] }),
  });
  await load.close();
  return keyForm.parse(JSON.parse(text)).secret;
}

async function benchReads(load: Load, { baseModelId }: Seeded) {
  const next = () => ({ path: `/v1/base-models/${baseModelId}` });
  await load.run(CONNECTIONS, READ_MILLISECONDS / 2, next);
  const { times, seconds } = await load.run(CONNECTIONS, READ_MILLISECONDS, next);
  return { requestsPerSecond: Math.round(times.length / seconds), p95Ms: round(quantile(times, 0.95)) };
}

/** Claims until nothing waits. */
async function drain(load: Load) {
  const claimed: string[] = [];
  const times: number[] = [];
  const claimer = async () => {
    for (;;) {
      const { text: body } = claimBody();
      const sent = performance.now();
      const { status, text } = await load.send({ path: '/v1/tasks/claim', method: 'POST', body });
      if (status !== 200) throw new Error(`${status}: ${text.slice(0, 500)}`);
      const { task } = claimForm.parse(JSON.parse(text));
      if (!task) return;
      times.push(performance.now() - sent);
      claimed.push(task.id);
    }
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: CLAIMERS }, claimer));
  return { claimed, times, seconds: (performance.now() - begun) / 1000 };
}

async function benchClaims(load: Load, seeded: Seeded, rounds: number) {
  await drain(load);
  const perSecond: number[] = [];
  const times: number[] = [];
  let duplicates = 0;
  for (let number = 0; number < rounds; number++) {
    seeded.requeue();
    const found = await drain(load);
    if (found.claimed.length < WAITING_TASKS)
      throw new Error(`${found.claimed.length} of ${WAITING_TASKS} tasks were claimed`);
    duplicates += found.claimed.length - new Set(found.claimed).size;
    perSecond.push(found.claimed.length / found.seconds);
    times.push(...found.times);
  }
  return { perSecond: Math.round(quantile(perSecond, 0.5)), p95Ms: round(quantile(times, 0.95)), duplicates };
}

/** One request after the other; the first twenty warm up. */
async function benchAlone(load: Load, path: (index: number) => string) {
  const times: number[] = [];
  for (let index = -20; index < PAGES; index++) {
    const begun = performance.now();
    const { status, text } = await load.send({ path: path(index + 20) });
    if (status !== 200) throw new Error(`${status}: ${text.slice(0, 500)}`);
    if (index >= 0) times.push(performance.now() - begun);
  }
  return { p95Ms: round(quantile(times, 0.95)) };
}

/** Pages from all over the list: each request goes on where the one before ended. */
async function benchList(load: Load) {
  const times: number[] = [];
  let cursor: string | null = null;
  for (let index = 0; index < PAGES; index++) {
    const search: string = cursor === null ? '' : `&cursor=${cursor}`;
    const begun = performance.now();
    const { status, text } = await load.send({ path: `/v1/experiments?limit=50${search}` });
    if (status !== 200) throw new Error(`${status}: ${text.slice(0, 500)}`);
    times.push(performance.now() - begun);
    cursor = (JSON.parse(text) as { nextCursor: string | null }).nextCursor;
  }
  return { p95Ms: round(quantile(times, 0.95)) };
}

const reportForm = z.object({ progress: z.object({ done: z.number() }) });

/** Follows an experiment and notes when the report of each number arrives. */
async function followReports(origin: string, key: string, experimentId: string) {
  const arrived = new Map<number, number>();
  const abort = new AbortController();
  const { statusCode, body } = await request(`${origin}/v1/experiments/${experimentId}/events`, {
    headers: { authorization: `Bearer ${key}` },
    signal: abort.signal,
  });
  if (statusCode !== 200) throw new Error(`events: ${statusCode} ${await body.text()}`);
  const read = async () => {
    let rest = '';
    for await (const chunk of body) {
      const blocks = `${rest}${String(chunk)}`.split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const data = /^event: task-reported\ndata: (.*)$/m.exec(block)?.[1];
        if (data !== undefined)
          arrived.set(reportForm.parse(JSON.parse(data)).progress.done, performance.now());
      }
    }
  };
  const ended = read().catch((error: unknown) => {
    if (!abort.signal.aborted) throw error;
  });
  return {
    arrived,
    async stop() {
      abort.abort();
      await ended;
    },
  };
}

/** From just before a runner sends a report to the moment its event arrives at a client. */
async function benchEvents(
  { origin }: RunningHost,
  keys: { client: string; runner: string },
  seeded: Seeded,
) {
  seeded.requeue();
  const runner = new Load(origin, keys.runner, 1);
  const claimed = await runner.send({ path: '/v1/tasks/claim', method: 'POST', body: claimBody().text });
  const { task } = claimForm.parse(JSON.parse(claimed.text));
  if (!task) throw new Error('no task waits');
  const following = await followReports(origin, keys.client, task.experimentId);
  const delays: number[] = [];
  // The first report waits until the client has read the log so far; it is not counted.
  for (let sequence = 1; sequence <= EVENTS + 1; sequence++) {
    const progress = { done: sequence, total: EVENTS + 1, unit: 'steps' };
    const body = JSON.stringify({ epoch: task.epoch, sequence, progress });
    const sent = performance.now();
    const { status, text } = await runner.send({
      path: `/v1/tasks/${task.id}/heartbeat`,
      method: 'POST',
      body,
    });
    if (status !== 200) throw new Error(`${status}: ${text.slice(0, 500)}`);
    while (!following.arrived.has(sequence)) {
      if (performance.now() - sent > 30_000) throw new Error(`event ${sequence} did not come in 30 s`);
      await wait(2);
    }
    if (sequence > 1) delays.push((following.arrived.get(sequence) ?? 0) - sent);
    await wait(37);
  }
  await following.stop();
  await runner.close();
  return { p95DelayMs: round(quantile(delays, 0.95)) };
}

async function benchHost(name: HostName) {
  const host = await startHost(name);
  try {
    const seeded = seedStore(host.databasePath);
    const keys = { client: await createKey(host, 'client'), runner: await createKey(host, 'runner') };
    const client = new Load(host.origin, keys.client, CONNECTIONS);
    const runner = new Load(host.origin, keys.runner, CONNECTIONS);
    const figures = {
      host: name,
      reads: await benchReads(client, seeded),
      claims: await benchClaims(runner, seeded, CLAIM_ROUNDS[name]),
      list10k: await benchList(client),
      curve: await benchAlone(
        client,
        (index) =>
          `/v1/tasks/${seeded.curveTaskId}/curve?name=${METRIC}-${index % CURVES}&maximumPoints=1000`,
      ),
      events: await benchEvents(host, keys, seeded),
    };
    await client.close();
    await runner.close();
    seeded.close();
    return figures;
  } finally {
    await host.stop();
  }
}

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { json: { type: 'boolean', default: false }, host: { type: 'string' } },
  });
  const names = (['node', 'wrangler-dev'] as const).filter(
    (name) => values.host === undefined || name === values.host,
  );
  for (const name of names) {
    const figures = await benchHost(name);
    if (values.json) {
      console.log(JSON.stringify(figures));
      continue;
    }
    const { reads, claims, list10k, curve, events } = figures;
    console.log(
      `${name}: ${reads.requestsPerSecond} reads/s (p95 ${reads.p95Ms} ms), ${claims.perSecond} claims/s` +
        ` (p95 ${claims.p95Ms} ms, ${claims.duplicates} duplicates), a page of 10,000 experiments p95 ${list10k.p95Ms} ms,` +
        ` a curve of ${CURVE_POINTS} points p95 ${curve.p95Ms} ms, an event p95 ${events.p95DelayMs} ms`,
    );
  }
}
