/** Test projects: `node` runs on Node, `workerd` inside Cloudflare's runtime with D1 and R2. */
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';
import { ensureDashboard } from './edge/hosts/build-dashboard.ts';
import LongestFirst from './test/longest-first.ts';

/** They end what hangs, and nothing else: a busy machine may take twenty times as long. */
const LIMITS = { testTimeout: 600_000, hookTimeout: 600_000, expect: { poll: { timeout: 600_000 } } };

export default defineConfig({
  test: {
    // Vitest would leave one core to itself, and on two cores run one file at a time.
    maxWorkers: '100%',
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'node',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.workerd.test.ts'],
          globalSetup: ['test/temporary-folder.ts'],
          pool: 'forks',
          ...LIMITS,
        },
      },
      {
        plugins: [
          cloudflareTest(async () => {
            // The Worker's configuration names the folder of the built files: it must be there.
            await ensureDashboard();
            return {
              wrangler: { configPath: './wrangler.toml' },
              miniflare: {
                bindings: {
                  MIGRATIONS: await readD1Migrations('migrations'),
                  RLCD_ADMIN_KEY: 'a-key-for-tests-of-the-worker-entry-0123456789',
                },
              },
            };
          }),
        ],
        test: { name: 'workerd', include: ['test/**/*.workerd.test.ts'], ...LIMITS },
      },
    ],
  },
});
