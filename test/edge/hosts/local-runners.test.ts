/** Runners of this machine over restarts of the edge, with the real store and real processes. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createApp } from '../../../edge/app.ts';
import { createLocalProcesses } from '../../../edge/hosts/local-process.ts';
import { openLocalRunners } from '../../../edge/hosts/local-runners.ts';
import { openNodeHost } from '../../../edge/hosts/node.ts';
import { createSecret } from '../../../edge/http/keys.ts';
import { commit, isLostRace } from '../../../edge/store/database.ts';
import { findKey, hasAdministrator, insertKey, revokeKey } from '../../../edge/store/keys.ts';
import { failLaunch, insertLaunch, listLaunches } from '../../../edge/store/launches.ts';
import { createClient } from '../../../shared/api/client.ts';

const KEY_ID = '00000000-0000-7000-8000-000000000001';
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

describe('a runner that ends before it has claimed', () => {
  it.each([
    ['process.exit(3)', /^process \d+ ended with exit code 3;/],
    ["process.kill(process.pid, 'SIGKILL')", /^process \d+ ended by SIGKILL;/],
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
      key: 'none',
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
