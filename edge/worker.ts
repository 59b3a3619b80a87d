/** The Worker's entry: D1, R2 and Cloudflare's rate limits. */
import type { RateLimit, R2Bucket } from '@cloudflare/workers-types';
import { createApp } from './app.ts';
import type { Dependencies, RateLimiter } from './dependencies.ts';
import { BucketBlobs } from './hosts/bucket-blobs.ts';
import { readBootstrapKey } from './hosts/bootstrap-key.ts';
import type { App } from './http/register.ts';
import type { LaunchPolicy } from './orchestration/launch/launcher.ts';
import { createWebhookLauncher } from './orchestration/launch/webhook.ts';
import { runSchedule } from './orchestration/schedule.ts';
import { openDatabase } from './store/database.ts';

/** The bindings of wrangler.toml. */
export interface WorkerBindings {
  readonly DATABASE: D1Database;
  readonly BLOBS: R2Bucket;
  readonly KEY_LIMITER: RateLimit;
  readonly ADDRESS_LIMITER: RateLimit;
  /** A secret: `wrangler secret put RLCD_ADMIN_KEY`. */
  readonly RLCD_ADMIN_KEY?: string;
  /** Who brings runners up, and the secret that signs the request; without it people start them. */
  readonly RLCD_LAUNCH_URL?: string;
  readonly RLCD_LAUNCH_SECRET?: string;
  readonly RLCD_MAXIMUM_RUNNERS?: string;
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

const SECOND = 1000;

/** @throws Error where the address is set without its secret */
function readLaunchPolicy(bindings: WorkerBindings): LaunchPolicy | undefined {
  const { RLCD_LAUNCH_URL: url, RLCD_LAUNCH_SECRET: secret } = bindings;
  if (url === undefined || url === '') return undefined;
  if (secret === undefined || secret.length < 32) {
    throw new Error(
      'RLCD_LAUNCH_SECRET must have at least 32 characters: wrangler secret put RLCD_LAUNCH_SECRET',
    );
  }
  const maximumRunners = Number(bindings.RLCD_MAXIMUM_RUNNERS ?? '1');
  return {
    launcher: createWebhookLauncher({ url, secret }),
    maximumRunners,
    coolDownMilliseconds: 60 * SECOND,
  };
}

function createDependencies(bindings: WorkerBindings): Dependencies {
  return {
    database: openDatabase(bindings.DATABASE),
    blobs: new BucketBlobs(bindings.BLOBS),
    clock: Date.now,
    limiter: createLimiter(bindings),
    bootstrapKey: readBootstrapKey(bindings.RLCD_ADMIN_KEY),
    clientAddress: (context) => context.req.header('cf-connecting-ip') ?? 'local',
    launch: readLaunchPolicy(bindings),
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
