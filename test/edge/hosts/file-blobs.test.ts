/** When a blob is on the disk: its bytes before its name, and its name, with the folders above, before whoever put it is told. */
import type * as promises from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, it, vi } from 'vitest';
import { FileBlobs } from '../../../edge/hosts/file-blobs.ts';
import { createFolder } from '../node-store.ts';

/** What was done, in order: `sync PATH` and `rename PATH`, below the folder of the test. */
const { done } = vi.hoisted(() => ({ done: [] as string[] }));

vi.mock('node:fs/promises', async (original) => {
  const actual = await original<typeof promises>();
  return {
    ...actual,
    open: async (...given: Parameters<typeof actual.open>) => {
      const file = await actual.open(...given);
      const sync = file.sync.bind(file);
      file.sync = async () => {
        await sync();
        done.push(`sync ${String(given[0])}`);
      };
      return file;
    },
    rename: async (from: string, to: string) => {
      await actual.rename(from, to);
      done.push(`rename ${to}`);
    },
  };
});

const folder = createFolder();
beforeEach(() => done.splice(0));

it.each(['artifacts/aa', 'uploads/bb/1', 'artifacts/cc'])(
  '%s is on the disk when it was put',
  async (name) => {
    const place = join(folder, 'store', 'blobs');
    const seen: string[][] = [];
    await new FileBlobs(place).put(name, Buffer.from('bytes'), () => void seen.push([...done]));
    const temporary = /^sync .*\/\.[0-9a-f-]{36}$/;
    expect(seen).toEqual([[expect.stringMatching(temporary)]]);
    const above = name
      .split('/')
      .slice(0, -1)
      .map((_, index, parts) => join(place, ...parts.slice(0, parts.length - index)));
    expect(done).toEqual([
      expect.stringMatching(temporary),
      `rename ${join(place, name)}`,
      ...[...above, place, join(folder, 'store')].map((path) => `sync ${path}`),
    ]);
  },
);
