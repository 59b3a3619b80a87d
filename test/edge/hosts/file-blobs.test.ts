/** When a blob is on the disk: its bytes before its name, and its name, with the folders above, before whoever put it is told. */
import type * as promises from 'node:fs/promises';
import { dirname, join } from 'node:path';
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

it.each(['artifacts/aa', 'uploads/bb/1'])('%s is on the disk when it was put', async (name) => {
  const place = join(folder, 'store', 'blobs');
  const blobs = new FileBlobs(place);
  const seen: string[][] = [];
  await blobs.put(name, Buffer.from('bytes'), () => void seen.push([...done]));
  const path = join(place, name);
  const above = [
    dirname(dirname(path)),
    ...(name.startsWith('uploads') ? [place] : []),
    join(folder, 'store'),
  ];
  const bytes = expect.stringMatching(/^sync .*\/\.[0-9a-f-]{36}$/) as string;
  const before = [...above.map((one) => `sync ${one}`), bytes];
  const after = [`rename ${path}`, `sync ${dirname(path)}`];
  expect(seen).toEqual([before]);
  expect(done).toEqual([...before, ...after]);
  // Nobody makes the folders anew.
  done.splice(0);
  await blobs.put(name, Buffer.from('others'));
  expect(done).toEqual([bytes, ...after]);
});
