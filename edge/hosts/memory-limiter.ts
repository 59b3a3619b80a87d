/** Limits in memory: fixed windows of one minute. The Node host, one process, has them all so; an isolate of a Worker its keys' own. */
import type { RateLimiter } from '../http/dependencies.ts';

const WINDOW_MILLISECONDS = 60_000;
/**
 * Keys: far above what one machine can serve in a minute, so it stops only a runaway loop. Addresses: a
 * person with a browser stays below it, a search for keys does not.
 */
const LIMITS = { key: 1_000_000, address: 1_200 } as const;

export class MemoryLimiter implements RateLimiter {
  readonly #clock: () => number;
  readonly #limits: Readonly<Record<'key' | 'address', number>>;
  #window = -1;
  #counts = new Map<string, number>();

  constructor(clock: () => number, limits: Readonly<Record<'key' | 'address', number>> = LIMITS) {
    this.#clock = clock;
    this.#limits = limits;
  }

  async take(kind: 'key' | 'address', name: string, limit = Infinity): Promise<number | undefined> {
    const now = this.#clock();
    const window = Math.floor(now / WINDOW_MILLISECONDS);
    if (window !== this.#window) {
      this.#window = window;
      this.#counts = new Map();
    }
    const bucket = `${kind} ${name}`;
    const count = (this.#counts.get(bucket) ?? 0) + 1;
    this.#counts.set(bucket, count);
    if (count <= Math.min(this.#limits[kind], limit)) return undefined;
    return Math.ceil(((window + 1) * WINDOW_MILLISECONDS - now) / 1000);
  }
}
