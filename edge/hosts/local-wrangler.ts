/** Wrangler as it runs on this machine: no outside connection, no question, an embedded store where it is wanted. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const WRANGLER = fileURLToPath(
  new URL('../../node_modules/wrangler/bin/wrangler.js', import.meta.url),
);

export const wranglerEnvironment = {
  ...process.env,
  WRANGLER_SEND_METRICS: 'false',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  CI: 'true',
};

/** @param directory where the embedded store lies; undefined: wrangler's own place */
export function localStore(directory: string | undefined): readonly string[] {
  return directory === undefined ? ['--local'] : ['--local', '--persist-to', directory];
}

/** Makes the embedded store with every migration applied. @returns wrangler's exit code */
export function migrateLocal(directory: string | undefined, output: 'inherit' | 'ignore'): number {
  const migrate = [WRANGLER, 'd1', 'migrations', 'apply', 'DATABASE', ...localStore(directory)];
  const { status } = spawnSync(process.execPath, migrate, {
    env: wranglerEnvironment,
    stdio: ['ignore', output, 'inherit'],
  });
  return status ?? 1;
}
