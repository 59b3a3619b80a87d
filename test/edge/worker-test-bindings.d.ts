/** The bindings of wrangler.toml with the one that vitest.config.ts adds. */
import type { D1Migration } from '@cloudflare/vitest-plugin';
import type { WorkerBindings } from '../../edge/worker.ts';

declare global {
  interface WorkerTestBindings extends WorkerBindings {
    readonly MIGRATIONS: D1Migration[];
  }
}
