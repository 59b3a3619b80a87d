/** An edge on Node with an empty store, for as long as clients drive it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { edgeUrl, startEdge } from '../../scripts/processes/edge-process.ts';
import { freePort } from '../../scripts/processes/free-port.ts';

const KEY = 'clients-administrator-key-0123456789abcdef';

export async function withEdge<Result>(
  use: (edge: { url: string; key: string; folder: string }) => Promise<Result>,
): Promise<Result> {
  const [dataFolder, folder] = await Promise.all([
    mkdtemp(path.join(tmpdir(), 'rlcd-clients-edge-')),
    mkdtemp(path.join(tmpdir(), 'rlcd-clients-')),
  ]);
  const port = await freePort();
  const edge = await startEdge({ host: 'node', port, dataFolder, adminKey: KEY });
  try {
    return await use({ url: edgeUrl(port), key: KEY, folder });
  } finally {
    await edge.stop();
    await Promise.all([dataFolder, folder].map((one) => rm(one, { recursive: true, force: true })));
  }
}
