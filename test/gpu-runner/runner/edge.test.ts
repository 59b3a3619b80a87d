/** How a runner bears with an edge that is away: it asks on, and ends when that has lasted as long as it was told. */
import { createAdaptorServer } from '@hono/node-server';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Edge, EdgeSilentError } from '../../../gpu-runner/runner/edge.ts';
import { freePort } from '../../../scripts/processes/free-port.ts';

const RUNNER = {
  id: '019ab0e7-6c00-7000-8000-000000000000',
  name: 'runner',
  engineVersion: '1',
  device: { kind: 'cpu' },
};
const claimed = z.object({ claimId: z.uuidv7() });
const NOTHING = { task: null, retryAfterSeconds: 2 };
const never = new AbortController().signal;

let answers: (() => Response)[] = [];
let bodies: string[] = [];
const server = createAdaptorServer({
  fetch: async (request) => {
    bodies.push(await request.text());
    return (answers.shift() ?? (() => Response.json(NOTHING)))();
  },
});
let baseUrl = '';

beforeAll(async () => {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  answers = [];
  bodies = [];
});
afterAll(() => {
  server.close();
});

describe('an edge that is away', () => {
  it('is asked again until it answers, for as long as it takes', async () => {
    const lines: string[] = [];
    let answered = 0;
    const edge = new Edge({
      baseUrl,
      key: 'key',
      log: (line) => lines.push(line),
      onAnswer: async () => {
        answered += 1;
      },
      patienceSeconds: null,
    });
    answers = [() => new Response('starting', { status: 503 }), () => new Response('busy', { status: 429 })];
    expect(await edge.claim(RUNNER, ['simulate'], never)).toEqual(NOTHING);
    expect(lines).toHaveLength(2);
    expect(answered).toBe(1);
  });

  it('is told by the id of a claim which copies are the same, and which claims are older', async () => {
    const edge = new Edge({ baseUrl, key: 'key', log: () => {}, patienceSeconds: null });
    answers = [() => new Response('starting', { status: 503 })];
    for (let claim = 0; claim < 3; claim++) await edge.claim(RUNNER, ['simulate'], never);
    const ids = bodies.map((body) => claimed.parse(JSON.parse(body)).claimId);
    expect(ids[0]).toBe(ids[1]);
    expect(ids.toSorted()).toEqual(ids);
    expect(new Set(ids).size).toBe(3);
  });

  it('ends a runner that waits no longer than it was told, and only after that', async () => {
    let seconds = 0;
    const edge = new Edge({
      baseUrl,
      key: 'key',
      log: () => {},
      patienceSeconds: 60,
      clock: () => seconds * 1000,
    });
    const away = (passed: number) => (): Response => {
      seconds += passed;
      return new Response('away', { status: 503 });
    };
    answers = [away(30), away(30)];
    expect(await edge.claim(RUNNER, ['simulate'], never)).toEqual(NOTHING);
    // The answer has made up for all silence before it.
    answers = [away(30), away(30), away(1)];
    const error = await edge.claim(RUNNER, ['simulate'], never).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(EdgeSilentError);
    expect(String(error)).toContain('has not answered for 61 s: ends, as RLCD_IDLE_SECONDS (60) asks');
    expect(answers).toEqual([]);
  });

  it('ends it where nobody listens at its address, too', async () => {
    let seconds = 0;
    const edge = new Edge({
      baseUrl: `http://127.0.0.1:${await freePort()}`,
      key: 'key',
      log: () => {
        seconds += 30;
      },
      patienceSeconds: 20,
      clock: () => seconds * 1000,
    });
    await expect(edge.claim(RUNNER, ['simulate'], never)).rejects.toThrow(EdgeSilentError);
  });
});
