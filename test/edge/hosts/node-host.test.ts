/** The folder of the Node host: one edge at a time, and nothing half-written left over a start. */
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openNodeHost } from '../../../edge/hosts/node.ts';
import { openFolder } from '../../../edge/maintenance/folder.ts';
import { createHarness } from '../harness.ts';
import { createFolder, openNodeStore } from '../node-store.ts';

it('refuses a folder that another edge serves, and opens it when that one has gone', () => {
  const folder = createFolder();
  const first = openNodeHost(folder, undefined);
  expect(() => openNodeHost(folder, undefined)).toThrow(/Another edge serves/);
  first.close();
  openNodeHost(folder, undefined).close();
});

it('begins no new store in the folder of a run, and says where its store lies', () => {
  const folder = createFolder();
  const store = join(folder, 'edge-node');
  openNodeHost(store, undefined).close();
  expect(() => openNodeHost(folder, undefined)).toThrow(`set RLCD_DATA=${store}`);
  expect(() => openFolder(folder, { readOnly: true })).toThrow(
    expect.objectContaining({ code: 'no-store', cure: expect.stringContaining(store) }),
  );
  expect(readdirSync(folder)).toEqual(['edge-node']);
});

it('removes what a killed process left half-written, and nothing else', () => {
  const folder = createFolder();
  const artifacts = join(folder, 'blobs', 'artifacts');
  mkdirSync(artifacts, { recursive: true });
  const [half, whole] = [join(artifacts, '.half'), join(artifacts, 'ab')];
  writeFileSync(half, '1');
  writeFileSync(whole, '2');
  openNodeHost(folder, undefined).close();
  expect([existsSync(half), existsSync(whole)]).toEqual([false, true]);
});

it('keeps its folder to its owner, a new one and one that was open', () => {
  const [fresh, open] = [join(createFolder(), 'data'), createFolder()];
  chmodSync(open, 0o755);
  for (const folder of [fresh, open]) {
    openNodeHost(folder, undefined).close();
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  }
});

it('says in its health that the disk has no room, and knows how much there is', async () => {
  const host = openNodeHost(createFolder(), undefined);
  expect(await host.dependencies.freeBytes?.()).toBeGreaterThan(0);
  host.close();
  let free = 100 * 1024 * 1024;
  const store = { ...openNodeStore(createFolder()), freeBytes: async () => free };
  const { fetch } = await createHarness(async () => store);
  expect((await fetch('/v1/health')).status).toBe(200);
  free = 1000;
  const full = await fetch('/v1/health');
  expect([full.status, await full.json()]).toMatchObject([507, { type: 'urn:rlcd:problem:no-room' }]);
});

it('answers 507 where the database finds the disk full', async () => {
  const store = openNodeStore(createFolder());
  const harness = await createHarness(async () => store);
  const [pages] = store.client.prepare('PRAGMA page_count').execute().results as { page_count: number }[];
  store.client.exec(`PRAGMA max_page_count = ${pages?.page_count ?? 0}`);
  const statuses = new Set<number>();
  for (let made = 0; made < 50; made++) {
    const answer = await harness.fetch('/v1/keys', {
      key: harness.secrets.admin,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'k'.repeat(100), scopes: ['client'] }),
    });
    statuses.add(answer.status);
  }
  expect(statuses).toEqual(new Set([201, 507]));
});
