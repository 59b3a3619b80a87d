/** How drizzle-kit turns the schema into SQL migrations (`npm run db:generate`). */
import { defineConfig } from 'drizzle-kit';

export default defineConfig({
  dialect: 'sqlite',
  schema: './edge/store/schema/index.ts',
  out: './migrations',
  migrations: { prefix: 'timestamp' },
});
