/** The proxy between a runner and the edge: passes on what it gets, and breaks, holds and doubles what it is told to. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, it } from 'vitest';
import { Broken, Proxy, type Point } from '../../../../scripts/tools/chaos/proxy.ts';
import { freePort } from '../../../../scripts/processes/free-port.ts';

const SHA256 = 'a'.repeat(64);
const PUT = `/v1/artifacts/${SHA256}?kind=checkpoint&taskId=t&epoch=3`;
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** An edge that answers everything, and a proxy before it. */
async function open(onPoint: (point: Point) => Promise<void>) {
  const arrived: string[] = [];
  const server = createServer((request, response) => {
    const answer = async () => {
      arrived.push(`${request.method} ${await text(request)}`);
      response.end(JSON.stringify({ task: { id: 't', epoch: 4 } }));
    };
    // A body that breaks off in the middle never arrived.
    answer().catch(() => response.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = new Proxy((server.address() as AddressInfo).port, onPoint);
  const port = await freePort();
  await proxy.listen(port);
  closing.push(async () => {
    await proxy.close();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const ask = async (path: string, body: string, method: 'PUT' | 'POST' = 'PUT') =>
    await fetch(`http://127.0.0.1:${port}${path}`, { method, body });
  return { arrived, ask };
}

it('passes everything on, and tells of every phase what the request names', async () => {
  const points: Point[] = [];
  const { arrived, ask } = await open(async (point) => void points.push(point));
  await (await ask(PUT, 'bytes')).text();
  const answer = await ask('/v1/tasks/claim', '{"claimId":"c"}', 'POST');
  expect(await answer.json()).toEqual({ task: { id: 't', epoch: 4 } });
  await ask('/v1/tasks/t/heartbeat', '{"epoch":3}', 'POST');
  await ask('/v1/health', 'not ours', 'POST');
  expect(arrived).toEqual(['PUT bytes', 'POST {"claimId":"c"}', 'POST {"epoch":3}', 'POST not ours']);
  const told = points.filter(({ phase }) => phase === 'answered');
  expect(told).toMatchObject([
    { operation: 'put-checkpoint', taskId: 't', epoch: 3, sha256: SHA256, status: 200, lease: null },
    { operation: 'claim', lease: { id: 't', epoch: 4 } },
    { operation: 'heartbeat', taskId: 't', epoch: 3 },
  ]);
  const phases = points.filter(({ operation }) => operation === 'put-checkpoint').map(({ phase }) => phase);
  expect(phases).toEqual(['asked', 'half-sent', 'answered', 'passed-on']);
});

it.each([
  ['asked', 0],
  ['half-sent', 0],
  ['answered', 1],
] as const)('breaks a connection where it is %s', async (where, received) => {
  const { arrived, ask } = await open(async ({ phase }) => {
    if (phase === where) throw new Broken('the connection broke');
  });
  await expect(ask(PUT, 'bytes')).rejects.toThrow('fetch failed');
  expect(arrived).toHaveLength(received);
});

it('sends the same once more, and lets another request pass one that it holds', async () => {
  const held = Promise.withResolvers<void>();
  const copies: (number | undefined)[] = [];
  const { arrived, ask } = await open(async (point) => {
    if (point.operation !== 'heartbeat' || point.phase !== 'asked') return;
    copies.push(await point.again());
    await held.promise;
  });
  const slow = ask('/v1/tasks/t/heartbeat', '{"epoch":3}', 'POST');
  await ask(PUT, 'bytes');
  held.resolve();
  await slow;
  expect(copies).toEqual([200]);
  expect(arrived.filter((line) => line.startsWith('POST'))).toHaveLength(2);
  expect(arrived.at(-1)).toBe('POST {"epoch":3}');
});
