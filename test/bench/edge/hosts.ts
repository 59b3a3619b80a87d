/** The two hosts as processes of their own, each over a store in a folder of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { migrateLocal } from '../../../edge/hosts/local-wrangler.ts';
import { openNodeHost } from '../../../edge/hosts/node.ts';
import { freePort } from '../../../scripts/processes/free-port.ts';
import { withTimeLimit } from '../../../shared/with-time-limit.ts';

export type HostName = 'node' | 'wrangler-dev';

export interface RunningHost {
  readonly origin: string;
  readonly adminKey: string;
  /** Processor time of all its processes so far, in microseconds; undefined where the system does not tell. */
  cpu(): number | undefined;
  /** Ends its processes, and says so only when they are gone. */
  stop(): Promise<void>;
}

const ADMIN_KEY = 'the-key-of-the-bench-0123456789abcdef';
const START_MILLISECONDS = 120_000;
const STOP_MILLISECONDS = 15_000;
const SCRIPTS = { node: 'edge/serve.ts', 'wrangler-dev': 'edge/dev.ts' } as const;
/** Of the counts in /proc. */
const TICK_MICROSECONDS = 10_000;

export function createFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'rlcd-bench-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }) };
}

/** Makes a host's store in a folder. @returns its SQLite file */
export function createStore(name: HostName, folder: string): string {
  if (name === 'node') {
    openNodeHost(folder, ADMIN_KEY).close();
    return join(folder, 'rlcd.sqlite');
  }
  if (migrateLocal(folder, 'ignore') !== 0) throw new Error('wrangler did not make the store: see above');
  const found = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.includes('D1Database') && /\/[0-9a-f]{64}\.sqlite$/.test(path),
  );
  const [path] = found;
  if (path === undefined || found.length > 1)
    throw new Error(`wrangler keeps ${found.length} databases in ${folder}`);
  return join(folder, path);
}

/** Processor time of a process group, from Linux's /proc. */
function cpuOfGroup(group: number): number | undefined {
  if (process.platform !== 'linux') return undefined;
  let ticks = 0;
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    let text;
    try {
      text = readFileSync(`/proc/${entry}/stat`, 'utf8');
    } catch {
      // It has ended since it was listed.
      continue;
    }
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    if (Number(fields[2]) === group) ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks * TICK_MICROSECONDS;
}

async function answers(origin: string): Promise<boolean> {
  try {
    return await withTimeLimit(undefined, 5000, async (signal) => {
      const response = await fetch(`${origin}/v1/health`, { signal });
      await response.arrayBuffer();
      return response.ok;
    });
  } catch {
    // Nobody listens yet; the loop that asks tells when this lasts too long.
    return false;
  }
}

/** Starts a host and waits until it answers. @throws Error with the end of its output where it does not */
export async function startHost(name: HostName, folder: string): Promise<RunningHost> {
  const port = await freePort();
  const child = spawn(process.execPath, [SCRIPTS[name]], {
    env: {
      ...process.env,
      RLCD_DATA: folder,
      RLCD_ADMIN_KEY: ADMIN_KEY,
      PORT: String(port),
      HOST: '127.0.0.1',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own: wrangler has children, and all of them must be gone in the end.
    detached: true,
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${process.execPath} ${SCRIPTS[name]} could not be started`);
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text: Buffer) => {
      log = `${log}${text.toString()}`.slice(-5000);
    });
  }
  const killGroup = () => {
    try {
      process.kill(-pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };
  process.once('exit', killGroup);
  const exited = once(child, 'exit');
  const hasExited = () => child.exitCode !== null || child.signalCode !== null;
  const stop = async () => {
    if (!hasExited()) child.kill('SIGTERM');
    await Promise.race([exited, wait(STOP_MILLISECONDS, undefined, { ref: false })]);
    killGroup();
    await exited;
    process.off('exit', killGroup);
  };
  const origin = `http://127.0.0.1:${port}`;
  const end = performance.now() + START_MILLISECONDS;
  while (!(await answers(origin))) {
    if (hasExited() || performance.now() > end) {
      await stop();
      throw new Error(`${SCRIPTS[name]} did not answer on ${origin}:\n${log}`);
    }
    await wait(200);
  }
  return { origin, adminKey: ADMIN_KEY, cpu: () => cpuOfGroup(pid), stop };
}
