import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withTimeLimit } from '../../shared/with-time-limit.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const never = async () => await new Promise<never>(() => {});

describe('a time limit', () => {
  let silent: Server;
  let url = '';
  beforeAll(async () => {
    silent = createServer((asked) => asked.resume());
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`;
  });
  afterAll(() => {
    silent.closeAllConnections();
    silent.close();
  });

  it('ends a request on a silent connection while garbage is collected', async () => {
    const collecting = setInterval(collectGarbage, 20);
    const ask = async () =>
      await withTimeLimit(new AbortController().signal, 300, (signal) =>
        fetch(new Request(url, { method: 'PUT', body: new Blob(['bytes']), signal })),
      );
    try {
      for (const outcome of await Promise.allSettled(Array.from({ length: 6 }, ask))) {
        expect(outcome).toMatchObject({ status: 'rejected', reason: { name: 'TimeoutError' } });
      }
    } finally {
      clearInterval(collecting);
    }
  });

  it('says how long nothing came, and tells the call by its signal', async () => {
    let heard: unknown;
    const limited = withTimeLimit(undefined, 10, async (signal) => {
      signal.addEventListener('abort', () => {
        heard = signal.reason;
      });
      return await never();
    });
    await expect(limited).rejects.toThrow('nothing came back within 0.01 s');
    expect(heard).toBeInstanceOf(DOMException);
  });

  it("ends with the outer signal's reason, before the call and during it", async () => {
    const outer = new AbortController();
    const during = withTimeLimit(outer.signal, 60_000, never);
    outer.abort(new Error('stopped'));
    await expect(during).rejects.toThrow('stopped');
    await expect(withTimeLimit(outer.signal, 60_000, never)).rejects.toThrow('stopped');
  });

  it('gives what the call gives, or its error, and leaves no timer behind', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    expect(await withTimeLimit(undefined, 60_000, async () => 7)).toBe(7);
    const refused = withTimeLimit(undefined, 60_000, async () => await Promise.reject(new Error('no')));
    expect(timers()).toBe(before + 1);
    await expect(refused).rejects.toThrow('no');
    expect(timers()).toBe(before);
  });
});
