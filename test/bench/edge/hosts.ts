/** The two hosts as processes of their own, each over an empty store in a folder of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

export type HostName = 'node' | 'wrangler-dev';

export interface RunningHost {
  readonly name: HostName;
  readonly origin: string;
  readonly adminKey: string;
  /** The SQLite file of the store. */
  readonly databasePath: string;
  /** Peak resident memory of the server process, in MiB; null where it is not known. */
  stop(): Promise<void>;
}

const ADMIN_KEY = 'the-key-of-the-bench-0123456789abcdef';
const START_MILLISECONDS = 60_000;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port is free on 127.0.0.1');
  return address.port;
}

async function untilHealthy(origin: string, child: ChildProcess, log: () => string): Promise<void> {
  const end = Date.now() + START_MILLISECONDS;
  while (Date.now() < end && child.exitCode === null) {
    const healthy = await fetch(`${origin}/v1/health`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (healthy) return;
    await wait(200);
  }
  throw new Error(`${origin} did not answer in ${START_MILLISECONDS} ms:\n${log()}`);
}

function databasePathOf(name: HostName, folder: string): string {
  if (name === 'node') return join(folder, 'rlcd.sqlite');
  const found = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.includes('D1Database') && /\/[0-9a-f]{64}\.sqlite$/.test(path),
  );
  const [path] = found;
  if (path === undefined || found.length > 1)
    throw new Error(`wrangler keeps ${found.length} databases in ${folder}`);
  return join(folder, path);
}

export async function startHost(name: HostName): Promise<RunningHost> {
  const folder = mkdtempSync(join(tmpdir(), 'rlcd-bench-'));
  const port = await freePort();
  const script = name === 'node' ? 'edge/serve.ts' : 'edge/dev.ts';
  const child = spawn(process.execPath, [script], {
    env: {
      ...process.env,
      RLCD_DATA: folder,
      RLCD_ADMIN_KEY: ADMIN_KEY,
      PORT: String(port),
      HOST: '127.0.0.1',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text: Buffer) => {
      log = `${log}${text.toString()}`.slice(-5000);
    });
  }
  const origin = `http://127.0.0.1:${port}`;
  const stop = async () => {
    if (child.exitCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await untilHealthy(origin, child, () => log);
    return { name, origin, adminKey: ADMIN_KEY, databasePath: databasePathOf(name, folder), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
