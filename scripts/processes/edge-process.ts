/** The edge as a child process: the Worker under wrangler's local runtime, or the Node host. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { withTimeLimit } from '../../shared/with-time-limit.ts';
import { ChildEndedError, startChild, type Child } from './child.ts';

const PROGRAMS = { worker: 'edge/dev.ts', node: 'edge/serve.ts' } as const;
export type EdgeHost = keyof typeof PROGRAMS;

const START_MILLISECONDS = 120_000;
const ASK_EVERY_MILLISECONDS = 100;

interface EdgeOptions {
  readonly host: EdgeHost;
  readonly port: number;
  /** Where the store and the log lie. */
  readonly dataFolder: string;
  /** At least 32 characters. */
  readonly adminKey: string;
  /** Modules loaded before it, as URLs. */
  readonly preload?: readonly string[];
}

export function edgeUrl(port: number): string {
  return `http://127.0.0.1:${port}`;
}

/**
 * Starts the edge and waits until it answers.
 *
 * @throws ChildEndedError with the end of its log where it does not come up
 */
export async function startEdge({
  host,
  port,
  dataFolder,
  adminKey,
  preload = [],
}: EdgeOptions): Promise<Child> {
  const child = startChild({
    name: 'the edge',
    program: PROGRAMS[host],
    environment: {
      PORT: String(port),
      HOST: '127.0.0.1',
      RLCD_DATA: join(dataFolder, `edge-${host}`),
      RLCD_ADMIN_KEY: adminKey,
    },
    logFile: join(dataFolder, 'edge.log'),
    preload,
  });
  const deadline = performance.now() + START_MILLISECONDS;
  while (!(await answers(port))) {
    const exit = child.exit();
    if (exit) throw new ChildEndedError(child, exit);
    if (performance.now() > deadline) throw new ChildEndedError(child, await child.stop());
    await sleep(ASK_EVERY_MILLISECONDS);
  }
  return child;
}

async function answers(port: number): Promise<boolean> {
  try {
    return await withTimeLimit(undefined, 5000, async (signal) => {
      const response = await fetch(`${edgeUrl(port)}/v1/health`, { signal });
      await response.arrayBuffer();
      return response.ok;
    });
  } catch {
    // Nobody listens yet; the loop that asks tells when this lasts too long.
    return false;
  }
}
