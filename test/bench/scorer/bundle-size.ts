/** What a deployment would upload. */
import { spawnSync } from 'node:child_process';
import { createFolder } from '../edge/hosts.ts';

/** KiB of the Worker's bundle after gzip, as wrangler counts them; nothing is uploaded. */
export function bundleKiB(): number {
  const folder = createFolder();
  try {
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['node_modules/wrangler/bin/wrangler.js', 'deploy', '--dry-run', '--outdir', folder.path],
      {
        encoding: 'utf8',
        env: {
          ...process.env,
          WRANGLER_SEND_METRICS: 'false',
          CLOUDFLARE_CF_FETCH_ENABLED: 'false',
          CI: 'true',
        },
      },
    );
    const size = /gzip: (?<kib>[\d.]+) KiB/.exec(stdout)?.groups?.['kib'];
    if (size === undefined)
      throw new Error(`wrangler did not say the size of the bundle: ${stderr.slice(-1000)}`);
    return Number(size);
  } finally {
    folder.remove();
  }
}
