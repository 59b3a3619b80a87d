/** Test projects: `node` runs on Node; the edge adds `workerd`, which runs inside Cloudflare's runtime. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    reporters: ['default', './test/summary-reporter.ts'],
    projects: [
      {
        test: {
          name: 'node',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.workerd.test.ts'],
          pool: 'forks',
          testTimeout: 60_000,
        },
      },
    ],
  },
});
