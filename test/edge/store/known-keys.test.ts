/** Keys kept for a moment: one read serves many requests, and a change is seen at once. */
import { beforeEach, expect, it } from 'vitest';
import { commit, type Database } from '../../../edge/store/database.ts';
import { insertKey, replaceSecret, revokeKey } from '../../../edge/store/keys.ts';
import { KnownKeys } from '../../../edge/store/known-keys.ts';
import { createFolder, openNodeStore } from '../node-store.ts';

const id = '019ab0e7-6c00-7000-8000-000000000001';
const MOMENT = 1000;
let now = 0;
let reads = 0;
let database: Database;
let keys: KnownKeys;

beforeEach(async () => {
  const store = openNodeStore(createFolder());
  ({ database } = store);
  now = 1_000_000;
  reads = 0;
  const { client } = store;
  const compile = client.compile.bind(client);
  client.compile = (sql) => {
    if (/from "api_keys" where "api_keys"."id" = /.test(sql)) reads += 1;
    return compile(sql);
  };
  keys = new KnownKeys(database, () => now);
  const key = {
    id,
    name: 'laptop',
    secretSha256: 'a',
    scopes: ['client' as const],
    createdAt: 1,
    revokedAt: null,
  };
  await commit(database, [insertKey(database, key)]);
});

it('reads a key once a second, however many requests carry it', async () => {
  for (let request = 0; request < 50; request++) {
    expect(await keys.find(id)).toMatchObject({ id, secretSha256: 'a', scopes: ['client'] });
    now += 10;
  }
  expect(reads).toBe(1);
  now += MOMENT;
  await keys.find(id);
  expect(reads).toBe(2);
});

it('keeps nothing of a key that does not exist', async () => {
  expect(await keys.find('nobody')).toBeUndefined();
  expect(await keys.find('nobody')).toBeUndefined();
  expect(reads).toBe(2);
});

it('shows a revoked key to nobody, even to one who read it while the change was being written', async () => {
  await keys.find(id);
  keys.change(id);
  // Between the handler and its commit.
  expect((await keys.find(id))?.revokedAt).toBeNull();
  await commit(database, [revokeKey(database, id, now)]);
  expect((await keys.find(id))?.revokedAt).toBe(now);
});

it('shows a rotated secret at once, and keeps the key again when the moment is over', async () => {
  await keys.find(id);
  keys.change(id);
  await commit(database, [replaceSecret(database, id, 'b')]);
  expect((await keys.find(id))?.secretSha256).toBe('b');
  now += MOMENT;
  await keys.find(id);
  const before = reads;
  await keys.find(id);
  expect(reads).toBe(before);
});

it('sees within a second what another process changed', async () => {
  await keys.find(id);
  await commit(database, [revokeKey(database, id, now)]);
  expect((await keys.find(id))?.revokedAt).toBeNull();
  now += MOMENT;
  expect((await keys.find(id))?.revokedAt).not.toBeNull();
});

it('reads anew when the clock was set back', async () => {
  await keys.find(id);
  await commit(database, [revokeKey(database, id, now)]);
  now -= 300_000;
  expect((await keys.find(id))?.revokedAt).not.toBeNull();
});
