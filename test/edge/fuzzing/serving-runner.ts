/** A runner that serves models to an edge of the tests: the real server over HTTP, with made-up tokens behind it. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createAdaptorServer } from '@hono/node-server';
import { createEdgeServer } from '../../../gpu-runner/serve/edge-access.ts';
import type {
  Delta,
  ReadingJob,
  SamplingJob,
  SpokenToken,
  Usage,
} from '../../../gpu-runner/serve/sampling-calls.ts';
import { Sampling } from '../../../gpu-runner/serve/sampling.ts';
import { ENGINE_VERSION } from '../../../shared/engine-version.ts';
import type { Client } from '../../../shared/api/client.ts';

/** One token for every answer, and every answer one token. */
class OneToken extends Sampling {
  override async sample({ choices }: SamplingJob, tell: (deltas: readonly Delta[]) => void): Promise<Usage> {
    const tokens = [{ text: 'Once', logProbability: -1 }];
    tell(
      Array.from({ length: choices }, (_, choice) => ({ choice, text: 'Once', tokens, finish: 'length' })),
    );
    return { promptTokens: 1, completionTokens: choices };
  }

  override async read({ answer }: ReadingJob): Promise<SpokenToken[]> {
    return await Promise.resolve([{ text: answer, logProbability: -2 }]);
  }
}

export interface ServingRunner {
  /** Tells the edge of itself, as it must within 45 s of the edge's clock; it takes no task. */
  readonly tell: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/**
 * Tells the edge of itself, whose clock must be the machine's: a signature of another time is refused.
 *
 * @param client with the scope of runners
 * @param runnerKey that client's
 * @param folder where it may keep adapters
 */
export async function startServingRunner(
  client: Client,
  runnerKey: string,
  folder: string,
): Promise<ServingRunner> {
  const app = createEdgeServer({
    sampling: new OneToken(folder, 'cpu'),
    runnerKey,
    folder: join(folder, 'adapters'),
    log: (line) => console.error(line),
  });
  const server = createAdaptorServer({ fetch: app.fetch });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('a server without a port');
  const runner = {
    id: randomUUID(),
    name: 'serving',
    engineVersion: ENGINE_VERSION,
    device: {},
    serveUrl: `http://127.0.0.1:${address.port}`,
  };
  const tell = async (): Promise<void> => {
    await client.claimTask({ body: { claimId: randomUUID(), runner, kinds: ['export'] } });
  };
  await tell();
  return {
    tell,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      if ('closeAllConnections' in server) server.closeAllConnections();
      await closed;
    },
  };
}
