/** Runners of this machine over restarts of the edge, with the real store and real processes. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { serve } from '@hono/node-server';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { createApp } from '../../../edge/app.ts';
import { createLocalProcesses } from '../../../edge/hosts/local-process.ts';
import { openLocalRunners } from '../../../edge/hosts/local-runners.ts';
import { openNodeHost } from '../../../edge/hosts/node.ts';
import { createSecret } from '../../../edge/http/keys.ts';
import { commit, isLostRace } from '../../../edge/store/database.ts';
import { findKey, hasAdministrator, insertKey, revokeKey } from '../../../edge/store/keys.ts';
import { failLaunch, insertLaunch, listLaunches } from '../../../edge/store/launches.ts';
import { launches } from '../../../edge/store/schema/index.ts';
import { createClient, type Client } from '../../../shared/api/client.ts';

const KEY_ID = '00000000-0000-7000-8000-000000000001';
const BOOTSTRAP = 'bootstrap-key-of-the-tests-0123456789abcdef';
const LAUNCHES = [3, 4, 5].map((n) => `019ab0e7-6c00-7000-8000-00000000000${n}`) as [string, string, string];
const folders: string[] = [];

function folder(): string {
  const made = mkdtempSync(path.join(tmpdir(), 'rlcd-local-runners-'));
  folders.push(made);
  return made;
}

afterAll(() => {
  for (const made of folders) rmSync(made, { recursive: true });
});

describe('the key of local runners', () => {
  it('keeps its id over restarts and after being revoked, and ends what an earlier start let out', async () => {
    const directory = folder();
    const hashes: (string | undefined)[] = [];
    for (let start = 0; start < 3; start++) {
      const host = openNodeHost(directory, undefined);
      const { database, clock } = host.dependencies;
      await openLocalRunners(host.dependencies, 'http://127.0.0.1:1', 1);
      const key = await findKey(database, KEY_ID);
      expect(key).toMatchObject({ scopes: ['runner'], revokedAt: null });
      hashes.push(key?.secretSha256);
      // Nobody may take it for an administrator's: a fresh store still prints one.
      expect(await hasAdministrator(database)).toBe(false);
      if (start === 1) await commit(database, [revokeKey(database, KEY_ID, clock())]);
      host.close();
    }
    expect(new Set(hashes).size).toBe(3);
  });
});

/** Asks who it is, writes down what it was given and answered, and ends as it is told. */
const ASKER = `
  import { appendFileSync } from 'node:fs';
  const { RLCD_EDGE_URL, RLCD_RUNNER_KEY: key } = process.env;
  const { status } = await fetch(RLCD_EDGE_URL + '/v1/key', { headers: { authorization: 'Bearer ' + key } });
  appendFileSync(new URL('./asked', import.meta.url), key + ' ' + status + '\\n');
  process.exit(status === 200 ? 0 : 1);
`;

/** An edge that serves, and brings up a script in the place of runners. */
async function serving(script: string) {
  const directory = folder();
  const file = path.join(directory, 'runner.mjs');
  writeFileSync(file, script);
  const host = openNodeHost(path.join(directory, 'data'), BOOTSTRAP);
  const { database } = host.dependencies;
  const app = createApp(host.dependencies);
  const server = serve({ fetch: app.fetch, port: 0 });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const local = await openLocalRunners(host.dependencies, url, 2, file);
  if (!local) throw new Error('no runners were asked for');
  const { policy } = local;
  const admin = createClient({ baseUrl: url, key: BOOTSTRAP });
  const launch = async (id: string) => {
    const request = { launchId: id, time: 1, queuedTasks: 1, liveRunners: 0, maximumRunners: 2 };
    expect(await policy.launcher.launch(request)).toMatchObject({ outcome: 'launched' });
  };
  const asked = () => readFileSync(path.join(directory, 'asked'), 'utf8').trim().split('\n');
  const close = async () => {
    server.close();
    await once(server, 'close');
    host.close();
  };
  return { database, url, admin, launch, asked, close };
}

describe('a key of local runners that is ended while the edge runs', () => {
  it.each([
    ['revoked', async (admin: Client) => await admin.revokeKey({ parameters: { keyId: KEY_ID } })],
    ['rotated', async (admin: Client) => await admin.rotateKey({ parameters: { keyId: KEY_ID } })],
  ])('%s: what leaked is worth nothing, and the next runner has another', async (_, end) => {
    const { admin, url, launch, asked, close } = await serving(ASKER);
    await launch(LAUNCHES[0]);
    await expect.poll(() => asked().length).toBe(1);
    // One key for all of them, as long as it is good: a second runner does not end the first.
    await launch(LAUNCHES[1]);
    await expect.poll(() => asked().length).toBe(2);
    await end(admin);
    const [leaked = ''] = (asked()[0] ?? '').split(' ');
    const whoAmI = async (key: string) =>
      (await fetch(`${url}/v1/key`, { headers: { authorization: `Bearer ${key}` } })).status;
    expect(await whoAmI(leaked)).toBe(401);
    await launch(LAUNCHES[2]);
    await expect.poll(() => asked().length).toBe(3);
    const [first, second, third] = asked();
    expect(second).toBe(first);
    expect(first).toBe(`${leaked} 200`);
    expect(third).toMatch(/^rlcd_\S+ 200$/);
    expect(third).not.toBe(first);
    expect(await whoAmI(leaked)).toBe(401);
    await close();
  });
});

/** Says what it was given in ways in which a program might, and why it ends. */
const TALKER = `
  console.error('ready');
  console.error('Error: the key ' + process.env.RLCD_RUNNER_KEY + ' of ' + process.env.TEST_HUB_TOKEN + ' \\u001b[31mis refused');
  console.error('    at somewhere (file.ts:1:1)');
  console.error('');
  console.error('Node.js v24.0.0');
  process.exit(3);
`;

describe('a runner that ends soon after its launch', () => {
  it('is a failed launch although it had claimed, with its last words and no secret', async () => {
    vi.stubEnv('TEST_HUB_TOKEN', 'hf_0123456789');
    const { database, launch, close } = await serving(TALKER);
    const [early, late, never] = LAUNCHES;
    const minutes = (count: number) => Date.now() - count * 60_000;
    const launched = { launcher: 'local-process', outcome: 'launched' as const, reason: 'asked' };
    const fleet = { queuedTasks: 1, liveRunners: 0 };
    const insert = async (id: string, createdAt: number, newest?: string) =>
      await insertLaunch(database, { id, ...launched, ...fleet, createdAt, arrivedAt: null }, newest);
    await insert(early, minutes(1));
    await insert(late, minutes(10), early);
    await database.update(launches).set({ arrivedAt: minutes(1) });
    await insert(never, minutes(0), late);
    for (const id of [late, early, never]) await launch(id);
    const outcomes = async () =>
      new Map((await listLaunches(database, { limit: 3 })).items.map(({ id, outcome }) => [id, outcome]));
    await expect.poll(outcomes).toEqual(
      new Map([
        [never, 'failed'],
        [early, 'failed'],
        [late, 'launched'],
      ]),
    );
    const [{ reason } = { reason: '' }] = (await listLaunches(database, { limit: 1 })).items;
    expect(reason).toMatch(
      /^process \d+ ended with exit code 3: Error: the key \[secret\] of \[secret\] +is refused$/,
    );
    vi.unstubAllEnvs();
    await close();
  });
});

describe('a runner that ends before it has claimed', () => {
  it.each([
    ['process.exit(3)', /^process \d+ ended with exit code 3: it said nothing/],
    ["process.kill(process.pid, 'SIGKILL')", /^process \d+ ended by SIGKILL: it said nothing/],
  ])('%s is a failed launch with its reason', async (body, reason) => {
    const directory = folder();
    const script = path.join(directory, 'runner.mjs');
    writeFileSync(script, body);
    const host = openNodeHost(directory, undefined);
    const { database } = host.dependencies;
    const launch = {
      id: KEY_ID,
      launcher: 'local-process',
      outcome: 'launched' as const,
      reason: 'asked',
      queuedTasks: 1,
      liveRunners: 0,
      createdAt: 1,
      arrivedAt: null,
    };
    await insertLaunch(database, launch, undefined);
    const failed = Promise.withResolvers<void>();
    const { launcher } = createLocalProcesses({
      edgeUrl: 'http://127.0.0.1:1',
      key: async () => 'none',
      script,
      onFailed: async (id, why) => {
        await failLaunch(database, id, why);
        failed.resolve();
      },
    });
    const request = { launchId: launch.id, time: 1, queuedTasks: 1, liveRunners: 0, maximumRunners: 1 };
    expect(await launcher.launch(request)).toMatchObject({ outcome: 'launched' });
    await failed.promise;
    const [seen] = (await listLaunches(database, { limit: 1 })).items;
    expect(seen).toMatchObject({ outcome: 'failed', reason: expect.stringMatching(reason) });
    host.close();
  });
});

describe('the last administrator', () => {
  it('cannot be revoked where no key stands in the environment, and the one before it can', async () => {
    const host = openNodeHost(folder(), undefined);
    const { database, clock } = host.dependencies;
    const app = createApp({ ...host.dependencies, clientAddress: () => '192.0.2.1' });
    const make = async (id: string) => {
      const { secret, secretSha256 } = createSecret(id);
      const scopes = ['admin' as const];
      await commit(database, [
        insertKey(database, { id, name: id, secretSha256, scopes, createdAt: clock(), revokedAt: null }),
      ]);
      return createClient({
        baseUrl: 'http://edge.test',
        key: secret,
        fetch: async (request) =>
          await app.fetch(request, { incoming: { socket: { remoteAddress: '::1' } } }),
      });
    };
    const [first, second] = ['019ab0e7-6c00-7000-8000-000000000001', '019ab0e7-6c00-7000-8000-000000000002'];
    await make(first);
    const other = await make(second);
    await other.revokeKey({ parameters: { keyId: first } });
    await expect(other.revokeKey({ parameters: { keyId: second } })).rejects.toMatchObject({
      problem: { status: 409, detail: expect.stringContaining('make another first') },
    });
    // Of two that revoke each other at once, each sees the other before either is written: the second write has no effect.
    const third = '019ab0e7-6c00-7000-8000-000000000003';
    await make(third);
    const revoking = (id: string) => [revokeKey(database, id, clock(), { keepsAdministrator: true })];
    await commit(database, revoking(third));
    await expect(commit(database, revoking(second))).rejects.toSatisfy(isLostRace);
    expect((await findKey(database, second))?.revokedAt).toBeNull();
    // Revoked before: nothing to refuse.
    await other.revokeKey({ parameters: { keyId: first } });
    host.close();
  });
});
