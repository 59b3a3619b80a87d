/** The names of Cloudflare's types that drizzle-orm expects to be global. */
import type {
  D1Database as Database,
  D1PreparedStatement as PreparedStatement,
  D1Result as Result,
} from '@cloudflare/workers-types';

declare global {
  type D1Database = Database;
  type D1PreparedStatement = PreparedStatement;
  type D1Result<T = unknown> = Result<T>;
}
