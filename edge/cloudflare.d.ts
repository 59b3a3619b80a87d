/** The names of Cloudflare's types that drizzle-orm and the Worker's entry expect to be global. */
type D1Database = import('@cloudflare/workers-types').D1Database;
type D1Result<T = unknown> = import('@cloudflare/workers-types').D1Result<T>;
