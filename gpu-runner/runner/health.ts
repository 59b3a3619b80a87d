/** When the edge last answered this runner, in a file: what the container's health check reads. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { hasCode } from '../../shared/caught.ts';

/** A heartbeat comes every 10 s and a claim every 2 s: after so long the edge has given the runner up, too. */
const SILENCE_MILLISECONDS = 90_000;
const WRITE_EVERY_MILLISECONDS = 5000;

/** A cache may be shared by containers: each has its own file there. */
function fileOf(cacheDirectory: string): string {
  return path.join(cacheDirectory, `health-${hostname()}.json`);
}

export class Pulse {
  readonly #file: string;
  #writtenAt = Number.NEGATIVE_INFINITY;

  constructor(cacheDirectory: string) {
    this.#file = fileOf(cacheDirectory);
  }

  /** The edge has answered now. @throws Error where the cache cannot be written */
  async beat(): Promise<void> {
    const now = Date.now();
    if (now - this.#writtenAt < WRITE_EVERY_MILLISECONDS) return;
    this.#writtenAt = now;
    await writeFile(this.#file, JSON.stringify({ answeredAt: now }));
  }

  /** The runner has ended in order. */
  async end(): Promise<void> {
    await rm(this.#file, { force: true });
  }
}

/** Why the runner of this cache and machine is not well; null where it is. */
export async function findAilment(cacheDirectory: string, now: number): Promise<string | null> {
  let text: string;
  try {
    text = await readFile(fileOf(cacheDirectory), 'utf8');
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
    return 'the edge has not answered yet: look at RLCD_EDGE_URL, RLCD_RUNNER_KEY and the log';
  }
  // A half-written file is one that is being written: the next check reads it whole.
  const answeredAt = Number(/"answeredAt":(\d+)}$/.exec(text)?.[1] ?? 0);
  const silence = now - answeredAt;
  if (silence <= SILENCE_MILLISECONDS) return null;
  return `the edge has not answered for ${Math.round(silence / 1000)} s`;
}
