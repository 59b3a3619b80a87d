/** The Worker's entry: D1, R2 and Cloudflare's rate limits. */
import type { Fetcher, RateLimit, R2Bucket } from '@cloudflare/workers-types';
import { createApp } from './app.ts';
import type { Dependencies, RateLimiter } from './http/dependencies.ts';
import type { ReadDashboardFile } from './http/dependencies.ts';
import { BucketBlobs } from './hosts/bucket-blobs.ts';
import { MemoryLimiter } from './hosts/memory-limiter.ts';
import { KEY_VARIABLES } from './hosts/key-variables.ts';
import { readVariables } from '../shared/read-variables.ts';
import type { App } from './http/register.ts';
import { readLaunchPolicy, type LaunchEnvironment } from './orchestration/launch/configuration.ts';
import { runSchedule } from './orchestration/schedule.ts';
import scoringKernel from './scoring/kernel.wasm';
import { openDatabase } from './store/database.ts';

/** The bindings of wrangler.toml. */
export interface WorkerBindings extends LaunchEnvironment {
  readonly DATABASE: D1Database;
  readonly BLOBS: R2Bucket;
  /** The dashboard's built files. */
  readonly ASSETS: Fetcher;
  readonly KEY_LIMITER: RateLimit;
  readonly ADDRESS_LIMITER: RateLimit;
  /** A secret: `wrangler secret put RLCD_ADMIN_KEY`. */
  readonly RLCD_ADMIN_KEY?: string;
}

/** Cloudflare does not tell when the window ends; it is this long. */
const LIMIT_PERIOD_SECONDS = 60;

function createLimiter({ KEY_LIMITER, ADDRESS_LIMITER }: WorkerBindings): RateLimiter {
  const bindings = { key: KEY_LIMITER, address: ADDRESS_LIMITER };
  // Cloudflare's limits are fixed in wrangler.toml: a key's own is counted by each isolate for itself.
  const own = new MemoryLimiter(Date.now);
  return {
    async take(kind, name, limit) {
      const seconds = limit === undefined ? undefined : await own.take(kind, name, limit);
      if (seconds !== undefined) return seconds;
      const { success } = await bindings[kind].limit({ key: name });
      return success ? undefined : LIMIT_PERIOD_SECONDS;
    },
  };
}

/** The binding reads by path; the host's name in the address means nothing to it. */
function readAssets(assets: Fetcher): ReadDashboardFile {
  return async (path) => {
    const response = await assets.fetch(`https://assets.invalid${path}`);
    return response.ok ? ((response.body ?? undefined) as ReadableStream<Uint8Array> | undefined) : undefined;
  };
}

function createDependencies(bindings: WorkerBindings): Dependencies {
  return {
    database: openDatabase(bindings.DATABASE),
    blobs: new BucketBlobs(bindings.BLOBS),
    clock: Date.now,
    scoringKernel,
    limiter: createLimiter(bindings),
    bootstrapKey: readVariables(KEY_VARIABLES, bindings).RLCD_ADMIN_KEY,
    clientAddress: (context) => context.req.header('cf-connecting-ip') ?? 'local',
    launch: readLaunchPolicy(bindings),
    dashboard: readAssets(bindings.ASSETS),
  };
}

/** Bindings do not change during an isolate's life. */
let app: App | undefined;

export default {
  fetch(request: Request, bindings: WorkerBindings): Response | Promise<Response> {
    app ??= createApp(createDependencies(bindings));
    return app.fetch(request, bindings);
  },

  async scheduled(_: unknown, bindings: WorkerBindings): Promise<void> {
    await runSchedule(createDependencies(bindings));
  },
};
