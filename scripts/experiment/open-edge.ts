/** An edge to ask about what is there already: one that runs, or the one of a kept data folder. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createClient, type Client } from '../../shared/api/client.ts';
import { UsageError } from '../../shared/command-line/usage-error.ts';
import { apiKey, readVariables, type Variables } from '../../shared/read-variables.ts';
import { edgeUrl, startEdge } from '../processes/edge-process.ts';
import { freePort } from '../processes/free-port.ts';
import { patientFetch } from '../processes/patient-fetch.ts';
import { adminClient, KEYS_FILE, openDataFolder, readAdminKey } from './data-folder.ts';
import { holderOf } from './folder-holder.ts';

const KEY_VARIABLES = {
  RLCD_KEY: {
    help: 'API key with the scope "client" or "admin", for --edge',
    schema: apiKey,
  },
} satisfies Variables;

interface EdgePlace {
  readonly data?: string | undefined;
  readonly edge?: string | undefined;
}

export interface OpenEdge {
  readonly client: Client;
  /** Where conversions of models are kept. */
  readonly cache: string;
}

/** Before long work whose result goes there. @throws UsageError as {@link withEdge} */
export function requireEdgePlace({ data, edge }: EdgePlace): void {
  if ((data === undefined) === (edge === undefined)) {
    throw new UsageError(
      'give --data, the folder of a run, or --edge, the address of an edge that runs (its key in RLCD_KEY)',
    );
  }
  if (edge !== undefined) {
    readVariables(KEY_VARIABLES, process.env);
    return;
  }
  const path = resolve(data ?? '');
  if (existsSync(join(path, KEYS_FILE))) return;
  throw new UsageError(
    `--data ${path} is no folder of a run: name the one that demo, align or paper printed`,
  );
}

/**
 * Asks the edge that is named, the one that a run serves on the folder just now, or one that is started for the while.
 *
 * @param place exactly one of the two
 * @throws UsageError naming the option that is missing or wrong
 */
export async function withEdge<Result>(
  { data, edge }: EdgePlace,
  use: (open: OpenEdge) => Promise<Result>,
): Promise<Result> {
  requireEdgePlace({ data, edge });
  if (edge !== undefined) {
    const { RLCD_KEY: key } = readVariables(KEY_VARIABLES, process.env);
    const client = createClient({ baseUrl: edge.replace(/\/+$/, ''), key, fetch: patientFetch() });
    return await use({ client, cache: resolve('.rlcd', 'cache') });
  }
  const path = resolve(data ?? '');
  const cache = join(path, 'runner');
  const running = holderOf(path);
  if (running !== undefined) {
    return await use({ client: adminClient(running.url, { adminKey: await readAdminKey(path) }), cache });
  }
  const port = await freePort();
  const url = edgeUrl(port);
  const folder = await openDataFolder(path, new Date(), { command: 'rlcd with --data', url });
  try {
    const host = existsSync(join(path, 'edge-node')) ? 'node' : 'worker';
    const child = await startEdge({ host, port, dataFolder: path, adminKey: folder.adminKey });
    try {
      return await use({ client: adminClient(url, folder), cache });
    } finally {
      await child.stop();
    }
  } finally {
    folder.close();
  }
}
