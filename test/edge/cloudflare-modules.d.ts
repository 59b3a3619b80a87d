/** The modules that exist only inside workerd. */
declare module 'cloudflare:workers' {
  export const env: WorkerTestBindings;
  export const exports: { readonly default: { fetch(request: Request | string): Promise<Response> } };
}

declare module 'cloudflare:test' {
  export function applyD1Migrations(
    database: D1Database,
    migrations: WorkerTestBindings['MIGRATIONS'],
  ): Promise<void>;
  export function reset(): Promise<void>;
}
