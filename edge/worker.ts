/** The Worker's entry: D1, R2 and Cloudflare's rate limits. */
import type { RateLimit, R2Bucket } from '@cloudflare/workers-types';
import { createApp } from './app.ts';
import type { RateLimiter } from './dependencies.ts';
import { BucketBlobs } from './hosts/bucket-blobs.ts';
import { readBootstrapKey } from './hosts/bootstrap-key.ts';
import type { App } from './http/register.ts';
import { openDatabase } from './store/database.ts';

/** The bindings of wrangler.toml. */
export interface WorkerBindings {
  readonly DATABASE: D1Database;
  readonly BLOBS: R2Bucket;
  readonly KEY_LIMITER: RateLimit;
  readonly ADDRESS_LIMITER: RateLimit;
  /** A secret: `wrangler secret put RLCD_ADMIN_KEY`. */
  readonly RLCD_ADMIN_KEY?: string;
}

/** Cloudflare does not tell when the window ends; it is this long. */
const LIMIT_PERIOD_SECONDS = 60;

function createLimiter({ KEY_LIMITER, ADDRESS_LIMITER }: WorkerBindings): RateLimiter {
  const bindings = { key: KEY_LIMITER, address: ADDRESS_LIMITER };
  return {
    async take(kind, name) {
      const { success } = await bindings[kind].limit({ key: name });
      return success ? undefined : LIMIT_PERIOD_SECONDS;
    },
  };
}

/** Bindings do not change during an isolate's life. */
let app: App | undefined;

export default {
  fetch(request: Request, bindings: WorkerBindings): Response | Promise<Response> {
    app ??= createApp({
      database: openDatabase(bindings.DATABASE),
      blobs: new BucketBlobs(bindings.BLOBS),
      clock: Date.now,
      limiter: createLimiter(bindings),
      bootstrapKey: readBootstrapKey(bindings.RLCD_ADMIN_KEY),
      clientAddress: (context) => context.req.header('cf-connecting-ip') ?? 'local',
    });
    return app.fetch(request, bindings);
  },
};
