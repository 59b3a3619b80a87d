/** A port that nobody asked for may be any; one that was asked for is that one or an error with its cure. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { afterAll, expect, it } from 'vitest';
import { freePort, portOf } from '../../../scripts/processes/free-port.ts';
import { UsageError } from '../../../shared/command-line/usage-error.ts';

const server = createServer().listen(0, '127.0.0.1');
await once(server, 'listening');
const { port: taken } = server.address() as AddressInfo;
afterAll(() => server.close());

it('takes another port where the usual one is taken', async () => {
  const port = await portOf(undefined, taken);
  expect(port).toBeGreaterThan(0);
  expect(port).not.toBe(taken);
  expect(await freePort(taken)).not.toBe(taken);
});

it('refuses an asked port that is taken, by its number and with the cure', async () => {
  const asked = portOf(taken);
  await expect(asked).rejects.toThrow(UsageError);
  await expect(asked).rejects.toThrow(
    `--port ${taken}: another program listens on 127.0.0.1:${taken}. Stop that program, name another port, or leave`,
  );
});

it('takes an asked port that is free, and any for 0', async () => {
  const free = await freePort();
  expect(await portOf(free)).toBe(free);
  expect(await portOf(0)).toBeGreaterThan(0);
});
