/** A data folder has one program that works in it; others are told which, or ask the edge that it serves. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openDataFolder } from '../../../scripts/experiment/data-folder.ts';
import { holderOf } from '../../../scripts/experiment/folder-holder.ts';
import { withEdge } from '../../../scripts/experiment/open-edge.ts';
import { UsageError } from '../../../shared/command-line/usage-error.ts';
import { createFolder } from '../../edge/node-store.ts';

const holder = { command: 'rlcd demo', url: 'http://127.0.0.1:8787' };
const open = async (path: string) => await openDataFolder(path, new Date(), holder);

it('tells a second program who has the folder, and lets it in when that has gone', async () => {
  const path = createFolder();
  const first = await open(path);
  const second = open(path);
  await expect(second).rejects.toThrow(UsageError);
  await expect(second).rejects.toThrow(
    new RegExp(
      `rlcd demo \\(process ${process.pid}, since \\d\\d:\\d\\d, dashboard http://127.0.0.1:8787\\) works in the folder ${path}. Stop it`,
    ),
  );
  expect(holderOf(path)).toMatchObject(holder);
  first.close();
  expect(holderOf(path)).toBeUndefined();
  const third = await open(path);
  expect(third.adminKey).toBe(first.adminKey);
  third.close();
});

it('says that a file is no folder, nor what would lie in one', async () => {
  const file = join(createFolder(), 'file');
  writeFileSync(file, '');
  // Below the last no folder can be made: the system says that it is not there.
  for (const path of [file, join(file, 'below'), '/proc/rlcd-file', '/proc/rlcd-file/below'])
    await expect(open(path)).rejects.toThrow(
      /--data .*file.* is no folder that can be written to: .*Name another/s,
    );
});

it('lets the folder go where its keys are damaged', async () => {
  const path = createFolder();
  writeFileSync(join(path, 'keys.json'), '{');
  await expect(open(path)).rejects.toThrow(/keys\.json is damaged/);
  expect(holderOf(path)).toBeUndefined();
});

it('asks the edge that a run serves on the folder, with its key', async () => {
  const path = createFolder();
  const keys: unknown[] = [];
  const edge = createServer(({ headers }, response) => {
    keys.push(headers.authorization);
    response.setHeader('content-type', 'application/json').end('{"items":[],"nextCursor":null}');
  }).listen(0, '127.0.0.1');
  await once(edge, 'listening');
  const { port } = edge.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const running = await openDataFolder(path, new Date(), { ...holder, url });
  const { items } = await withEdge({ data: path }, async ({ client }) => await client.listPrinciples({}));
  expect(items).toEqual([]);
  expect(keys).toEqual([`Bearer ${running.adminKey}`]);
  running.close();
  edge.closeAllConnections();
  edge.close();
});

it('lets go of a folder whose program was killed', async () => {
  const path = createFolder();
  const program = new URL('../../../scripts/experiment/folder-holder.ts', import.meta.url).href;
  const code = `const { holdFolder } = await import(${JSON.stringify(program)});
    holdFolder(${JSON.stringify(path)}, ${JSON.stringify(holder)}); console.log('held'); setInterval(() => {}, 1000);`;
  const child = execFile(process.execPath, ['--input-type=module', '-e', code]);
  if (child.stdout === null) throw new Error('the child has no output');
  await once(child.stdout, 'data');
  await expect(open(path)).rejects.toThrow(`process ${child.pid}`);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const again = await open(path);
  again.close();
});
