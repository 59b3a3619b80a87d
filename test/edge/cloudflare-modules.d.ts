/** The modules that exist only inside workerd, with the bindings that vitest.config.ts adds. */
declare module 'cloudflare:workers' {
  import type { D1Migration } from '@cloudflare/vitest-plugin';
  import type { WorkerBindings } from '../../edge/worker.ts';
  export const env: WorkerBindings & { readonly MIGRATIONS: D1Migration[] };
  export const exports: { readonly default: { fetch(request: Request | string): Promise<Response> } };
}

declare module 'cloudflare:test' {
  import type { D1Migration } from '@cloudflare/vitest-plugin';
  export function applyD1Migrations(database: D1Database, migrations: D1Migration[]): Promise<void>;
  export function reset(): Promise<void>;
}
