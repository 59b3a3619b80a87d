/** Blobs that can not be deleted hold up no other, are told, and are tried again. */
import { expect, it, vi } from 'vitest';
import type { Blobs } from '../../../edge/store/blobs.ts';
import { collect, RETRY_MILLISECONDS } from '../../../edge/store/collect.ts';
import { unusedBlobs } from '../../../edge/store/schema/index.ts';
import { createFolder, openNodeStore } from '../node-store.ts';

const NOW = 1_000_000;
const MANY = 250;

it('deletes what it can, round after round, and what it could not when that can be', async () => {
  const { database, blobs } = openNodeStore(createFolder());
  const names = Array.from({ length: MANY }, (_, index) => `artifacts/${index}`);
  for (const [index, name] of names.entries()) {
    await blobs.put(name, Buffer.from('x'));
    await database.insert(unusedBlobs).values({ name, dueAt: index });
  }
  // As many as a round looks at, and the first that are due.
  const stuck = new Set(names.slice(0, 100));
  const store = {
    database,
    blobs: {
      put: blobs.put.bind(blobs),
      get: blobs.get.bind(blobs),
      size: blobs.size.bind(blobs),
      async delete(name) {
        if (stuck.has(name)) throw new Error('EACCES: permission denied');
        await blobs.delete(name);
      },
    } satisfies Blobs,
  };
  const told = vi.spyOn(console, 'error').mockReturnValue();
  const left = async () => {
    const sizes = await Promise.all(names.map(async (name) => await blobs.size(name)));
    return sizes.filter((size) => size !== undefined).length;
  };
  while ((await collect(store, NOW)) > 0);
  expect(await left()).toBe(stuck.size);
  expect(told.mock.calls).toEqual([
    ['100 unused blobs could not be deleted (artifacts/0: EACCES: permission denied); tried again in 60 s'],
  ]);
  stuck.clear();
  expect(await collect(store, NOW + RETRY_MILLISECONDS - 1)).toBe(0);
  while ((await collect(store, NOW + RETRY_MILLISECONDS)) > 0);
  expect([await left(), await database.select().from(unusedBlobs)]).toEqual([0, []]);
  told.mockRestore();
});
