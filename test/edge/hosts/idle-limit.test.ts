/** Requests that stop moving are cut; those that move, and answers, take the time they need. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { limitIdle } from '../../../edge/hosts/idle-limit.ts';

let server: Server;
let answered: Promise<string>;
/** What the answer waits for. */
let release = () => {};

beforeEach(async () => {
  let tell: (text: string) => void = () => {};
  answered = new Promise((resolve) => {
    tell = resolve;
  });
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  server = createServer((request, response) => {
    let bytes = 0;
    request.on('data', (chunk: Buffer) => (bytes += chunk.length));
    request.on('error', () => tell('cut off'));
    request.on('end', () => {
      // By then whoever listens for the end has heard of it.
      setImmediate(() => tell(`${bytes} bytes, limit ${request.socket.timeout}`));
      void held.then(() => response.end('done'));
    });
  });
  // So that Node's own limit would end a request here within milliseconds.
  server.requestTimeout = 1;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function send(head: string, milliseconds: number): Promise<Socket> {
  limitIdle(server, milliseconds);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(`PUT / HTTP/1.1\r\nhost: x\r\n${head}\r\n\r\n`);
  return socket;
}

it('cuts a body that stops moving', async () => {
  const socket = await send('content-length: 10', 20);
  socket.write('1234');
  await once(socket, 'close');
  expect(await answered).toBe('cut off');
});

it('sets no limit to the whole, and none to an answer', async () => {
  const socket = await send('content-length: 10', 20);
  expect(server.requestTimeout).toBe(0);
  socket.write('1234567890');
  expect(await answered).toBe('10 bytes, limit 0');
  release();
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  expect(String(bytes)).toContain('done');
});
