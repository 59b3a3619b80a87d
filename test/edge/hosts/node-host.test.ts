/** The folder of the Node host: one edge at a time, and nothing half-written left over a start. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openNodeHost } from '../../../edge/hosts/node.ts';
import { createHarness } from '../harness.ts';
import { createFolder, openNodeStore } from '../node-store.ts';

it('refuses a folder that another edge serves, and opens it when that one has gone', () => {
  const folder = createFolder();
  const first = openNodeHost(folder, undefined);
  expect(() => openNodeHost(folder, undefined)).toThrow(/Another edge serves/);
  first.close();
  openNodeHost(folder, undefined).close();
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
