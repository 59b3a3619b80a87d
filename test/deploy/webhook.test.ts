/** The webhook's other side: what the edge's launcher sends passes once, and each provider is asked in its own form. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAdaptorServer, type ServerType } from '@hono/node-server';
import { createServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fly } from '../../deploy/webhook/fly.ts';
import { create } from '../../deploy/webhook/provider.ts';
import { createReceiver, ProviderBusyError, type Launch } from '../../deploy/webhook/receive.ts';
import { runpod } from '../../deploy/webhook/runpod.ts';
import { skypilot } from '../../deploy/webhook/skypilot.ts';
import { createWebhookLauncher } from '../../edge/orchestration/launch/webhook.ts';
import { createIdentifier } from '../../edge/store/identifier.ts';

const SECRET = 'secret-of-the-edge-and-the-receiver-0123';
const NOW = Date.UTC(2026, 10, 23);
const launch = (time = NOW) => ({
  launchId: createIdentifier(time),
  time,
  queuedTasks: 3,
  liveRunners: 1,
  maximumRunners: 4,
});

/** A launcher whose requests go to a receiver, each kept as it was sent. */
function connect({
  secret = SECRET,
  start = async () => 'machine-1',
}: { secret?: string; start?: () => Promise<string> } = {}) {
  const started: Launch[] = [];
  const sent: Request[] = [];
  let now = NOW;
  const receive = createReceiver({
    secret: SECRET,
    startRunner: async (asked) => {
      started.push(asked);
      return await start();
    },
    log: () => {},
    clock: () => now,
  });
  const launcher = createWebhookLauncher({
    url: 'https://receiver.test/',
    secret,
    send: async (request) => {
      sent.push(request.clone());
      return await receive(request);
    },
  });
  return { launcher, receive, sent, started, advance: (milliseconds: number) => (now += milliseconds) };
}

describe('the receiver', () => {
  it('starts a runner for what the edge signed, and only once', async () => {
    const { launcher, receive, sent, started } = connect();
    const asked = launch();
    expect(await launcher.launch(asked)).toEqual({ outcome: 'launched', reason: 'answered 202' });
    expect(started).toMatchObject([{ launchId: asked.launchId, maximumRunners: 4 }]);
    const [recorded] = sent;
    if (!recorded) throw new Error('nothing was sent');
    expect((await receive(recorded.clone())).status).toBe(409);
    expect(await launcher.launch(asked)).toMatchObject({ outcome: 'refused' });
    expect(started).toHaveLength(1);
  });

  it('refuses a recorded request after its time, when it may have been forgotten', async () => {
    const { launcher, receive, sent, started, advance } = connect();
    await launcher.launch(launch());
    const [recorded] = sent;
    if (!recorded) throw new Error('nothing was sent');
    for (const minutes of [4, 2, 60]) {
      advance(minutes * 60_000);
      expect([401, 409]).toContain((await receive(recorded.clone())).status);
    }
    expect(started).toHaveLength(1);
  });

  it('refuses another secret, another body, another time and no signature', async () => {
    const stranger = connect({ secret: 'x'.repeat(32) });
    expect(await stranger.launcher.launch(launch())).toEqual({ outcome: 'failed', reason: 'answered 401' });
    const { launcher, receive, sent, started } = connect();
    expect(await launcher.launch(launch(NOW - 600_000))).toMatchObject({ reason: 'answered 401' });
    const [request] = sent;
    const body = (await request?.text()) ?? '';
    const headers = request?.headers ?? new Headers();
    const forged = { method: 'POST', headers, body: body.replace('"queuedTasks":3', '"queuedTasks":4') };
    expect((await receive(new Request('https://receiver.test/', forged))).status).toBe(401);
    const later = new Headers(headers);
    later.set('x-rlcd-timestamp', String(NOW / 1000));
    expect(
      (await receive(new Request('https://receiver.test/', { method: 'POST', headers: later, body }))).status,
    ).toBe(401);
    expect((await receive(new Request('https://receiver.test/', { method: 'POST', body }))).status).toBe(401);
    expect((await receive(new Request('https://receiver.test/'))).status).toBe(405);
    expect(started).toEqual([]);
  });

  it('reads no more of a body than a launch has, signed or not', async () => {
    const { receive, started } = connect();
    let given = 0;
    const endless = () =>
      new ReadableStream<Uint8Array>({
        pull(controller) {
          given += 1000;
          controller.enqueue(new Uint8Array(1000));
        },
      });
    const ask = async (headers: Record<string, string>) => {
      const init = { method: 'POST', headers, body: endless(), duplex: 'half' } as const;
      return (await receive(new Request('https://receiver.test/', init))).status;
    };
    expect(await ask({})).toBe(413);
    expect(given).toBeLessThan(20_000);
    given = 0;
    expect(await ask({ 'content-length': '1000000' })).toBe(413);
    // What a stream holds ready before anybody reads it.
    expect(given).toBeLessThanOrEqual(1000);
    expect(started).toEqual([]);
  });

  it.each([
    [new ProviderBusyError('no H100 is free'), { outcome: 'refused', reason: 'answered 429' }],
    [new Error('the card was declined'), { outcome: 'failed', reason: 'answered 502' }],
  ])('tells the edge that the provider started nothing: %s', async (error, expected) => {
    const { launcher } = connect({
      start: async () => {
        throw error;
      },
    });
    expect(await launcher.launch(launch())).toEqual(expected);
  });
});

describe('providers', () => {
  const variables = {
    RLCD_EDGE_URL: 'https://edge.test',
    RLCD_RUNNER_KEY: 'runner-key',
    RLCD_RUNNER_IMAGE: 'registry.example/rlcd-runner:0.1.0',
    RUNPOD_API_KEY: 'runpod-key',
    FLY_API_TOKEN: 'fly-token',
    FLY_APP: 'rlcd',
  };
  const environment = {
    RLCD_EDGE_URL: 'https://edge.test',
    RLCD_RUNNER_KEY: 'runner-key',
    RLCD_IDLE_SECONDS: '600',
  };
  let server: ServerType;
  let url = '';
  let seen: { method: string; path: string; authorization: string | null; body: Record<string, unknown> }[] =
    [];
  let status = 201;

  beforeAll(async () => {
    server = createAdaptorServer({
      fetch: async (request) => {
        const { method, headers } = request;
        const body = (await request.json()) as Record<string, unknown>;
        seen.push({
          method,
          path: new URL(request.url).pathname,
          authorization: headers.get('authorization'),
          body,
        });
        return Response.json({ id: 'made-1' }, { status });
      },
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  beforeEach(() => {
    seen = [];
    status = 201;
  });

  afterAll(() => {
    server.close();
  });

  it('RunPod gets a pod that removes itself when its runner has ended', async () => {
    const asked = launch();
    expect(await runpod(variables, url)(asked)).toBe('made-1');
    expect(seen).toMatchObject([
      {
        method: 'POST',
        path: '/pods',
        authorization: 'Bearer runpod-key',
        body: {
          imageName: variables.RLCD_RUNNER_IMAGE,
          env: { ...environment, RLCD_LAUNCH_ID: asked.launchId },
          volumeMountPath: '/data',
        },
      },
    ]);
    const [shell, flag, script = ''] = (seen[0]?.body['dockerEntrypoint'] ?? []) as string[];
    expect([shell, flag]).toEqual(['sh', '-c']);
    expect(spawnSync('sh', ['-n', '-c', script]).status).toBe(0);
    const code = /node --eval "(.*)"$/.exec(script)?.[1] ?? '';
    expect(code).toContain("method: 'DELETE'");
    expect(spawnSync(process.execPath, ['--check', '-'], { input: code }).status).toBe(0);
  });

  it('Fly gets a machine of the name of the launch, which is destroyed at its end', async () => {
    const asked = launch();
    expect(await fly(variables, url)(asked)).toBe('made-1');
    expect(seen).toMatchObject([
      {
        path: '/apps/rlcd/machines',
        authorization: 'Bearer fly-token',
        body: {
          name: `rlcd-runner-${asked.launchId}`,
          config: { auto_destroy: true, restart: { policy: 'no' }, env: { RLCD_LAUNCH_ID: asked.launchId } },
        },
      },
    ]);
  });

  it('what a provider answers becomes the right word to the edge', async () => {
    status = 503;
    await expect(fly(variables, url)(launch())).rejects.toThrow(ProviderBusyError);
    status = 422;
    await expect(runpod(variables, url)(launch())).rejects.toThrow(/^422: /);
    expect(() => runpod({ ...variables, RLCD_RUNNER_IMAGE: '' }, url)).toThrow(
      'RLCD_RUNNER_IMAGE is not set',
    );
  });

  it('a provider that takes the call and says nothing is given up in time', async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => {
      silent.listen(0, '127.0.0.1', resolve);
    });
    const address = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    await expect(create(address, 'token', {}, 50)).rejects.toThrow('nothing came back within 0.05 s');
    silent.close();
  });

  it('SkyPilot gets the key through the environment, never on a command line', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rlcd-sky-'));
    const program = join(folder, 'sky');
    writeFileSync(
      program,
      `#!/bin/sh\nprintf '%s\\n' "$@" > '${folder}/arguments'\necho "$RLCD_RUNNER_KEY" > '${folder}/key'\n`,
    );
    chmodSync(program, 0o755);
    try {
      const asked = launch();
      expect(await skypilot(variables, program)(asked)).toBe(`rlcd-runner-${asked.launchId}`);
      const given = readFileSync(join(folder, 'arguments'), 'utf8');
      expect(given).toMatch(/^jobs\nlaunch\n/);
      expect(given).toContain(`--env\nRLCD_LAUNCH_ID=${asked.launchId}\n`);
      expect(given).toMatch(/deploy\/skypilot\/runner\.yaml\n$/);
      expect(given).not.toContain('runner-key');
      expect(readFileSync(join(folder, 'key'), 'utf8')).toBe('runner-key\n');
      writeFileSync(program, '#!/bin/sh\necho no cloud is enabled >&2\nexit 1\n');
      await expect(skypilot(variables, program)(asked)).rejects.toThrow(/ended with 1: no cloud is enabled/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

const python = spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 10))']).status === 0;
if (!python) console.warn('python3 (3.10 or newer) is absent: the check of the Modal recipe is skipped');

describe.skipIf(!python)('the Modal recipe', () => {
  it("accepts the edge's signature, and no other body, secret or time", async () => {
    const { launcher, sent } = connect();
    await launcher.launch(launch());
    const [request] = sent;
    const body = (await request?.text()) ?? '';
    const code = `
import json, sys
sys.path.insert(0, sys.argv[1])
from signature import is_signed
secret, timestamp, signature, body, now = json.load(sys.stdin)
body = body.encode()
print(json.dumps([is_signed(*case) for case in [
  (secret, timestamp, signature, body, now),
  (secret, timestamp, signature, body + b" ", now),
  ("other" + secret, timestamp, signature, body, now),
  (secret, timestamp, signature, body, now + 301),
  (secret, timestamp, signature, body, now - 301),
  (secret, "soon", signature, body, now),
  (secret, timestamp, "", body, now)]]))`;
    const input = [
      SECRET,
      request?.headers.get('x-rlcd-timestamp'),
      request?.headers.get('x-rlcd-signature'),
      body,
      NOW / 1000,
    ];
    const modal = new URL('../../deploy/modal', import.meta.url).pathname;
    const { stdout, stderr } = spawnSync('python3', ['-B', '-c', code, modal], {
      input: JSON.stringify(input),
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual([true, false, false, false, false, false, false]);
  });

  it('reads no more of a body than a launch has', () => {
    const code = `
import asyncio, json, sys
sys.path.insert(0, sys.argv[1])
from signature import read_bounded
read = 0
async def chunks(count):
    global read
    for _ in range(count):
        read += 1
        yield b"x" * 1000
short = asyncio.run(read_bounded(chunks(10)))
read = 0
long = asyncio.run(read_bounded(chunks(1000)))
print(json.dumps([len(short), long, read]))
`;
    const modal = join(import.meta.dirname, '..', '..', 'deploy', 'modal');
    const { stdout, stderr } = spawnSync('python3', ['-B', '-c', code, modal], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual([10_000, null, 11]);
  });

  it('is Python that parses', () => {
    const code = 'import ast, sys; ast.parse(open(sys.argv[1]).read())';
    const recipe = new URL('../../deploy/modal/runner.py', import.meta.url).pathname;
    expect(spawnSync('python3', ['-c', code, recipe]).status).toBe(0);
  });
});
