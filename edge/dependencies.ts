/** What a host gives the application: everything that differs between the Worker and Node. */
import type { Context } from 'hono';
import type { ReadDashboardFile } from './http/dashboard.ts';
import type { LaunchPolicy } from './orchestration/launch/launcher.ts';
import type { Blobs } from './store/blobs.ts';
import type { Database } from './store/database.ts';

export interface RateLimiter {
  /**
   * Counts one request.
   *
   * @returns undefined where it may pass, else the seconds to wait
   */
  take(kind: 'key' | 'address', name: string): Promise<number | undefined>;
}

export interface Dependencies {
  readonly database: Database;
  readonly blobs: Blobs;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly limiter: RateLimiter;
  /** Of edge/scoring/kernel.wat: a Worker gets it with its bundle, Node compiles the file. */
  readonly scoringKernel: WebAssembly.Module;
  /** The administrator's key from the environment; undefined where the host has none. */
  readonly bootstrapKey: string | undefined;
  /** The network address a request without a key is counted by. */
  readonly clientAddress: (context: Context) => string;
  /** What brings runners up; absent: people start them. */
  readonly launch?: LaunchPolicy | undefined;
  /** The dashboard's built files; absent: the API alone is served. */
  readonly dashboard?: ReadDashboardFile | undefined;
}
