/** What a host gives the application: everything that differs between the Worker and Node. */
import type { Context } from 'hono';
import type { LaunchPolicy } from '../orchestration/launch/launcher.ts';
import type { Hearing } from '../orchestration/sweep.ts';
import type { Store } from '../store/database.ts';

/** Reads a built file by its path, such as `/index.html`; undefined where there is none. */
export type ReadDashboardFile = (path: string) => Promise<ReadableStream<Uint8Array> | undefined>;

export interface RateLimiter {
  /**
   * Counts one request.
   *
   * @param limit requests a minute that this one may send at the most; absent: the host's own limit alone
   * @returns undefined where it may pass, else the seconds to wait
   */
  take(kind: 'key' | 'address', name: string, limit?: number): Promise<number | undefined>;
}

export interface Dependencies extends Store {
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly limiter: RateLimiter;
  /** Of edge/scoring/kernel.wat: a Worker gets it with its bundle, Node compiles the file. */
  readonly scoringKernel: WebAssembly.Module;
  /** The administrator's key from the environment; undefined where the host has none. */
  readonly bootstrapKey: string | undefined;
  /** Bytes that the store's disk has left; absent: the host has no disk of its own. */
  readonly freeBytes?: (() => Promise<number>) | undefined;
  /** Absent: the host is there whenever somebody asks. */
  readonly hearing?: Hearing | undefined;
  /** The network address a request without a key is counted by. */
  readonly clientAddress: (context: Context) => string;
  /** What brings runners up; absent: people start them. */
  readonly launch?: LaunchPolicy | undefined;
  /** The dashboard's built files; absent: the API alone is served. */
  readonly dashboard?: ReadDashboardFile | undefined;
}
