/** A runner that serves models to an edge of the tests: the real server over HTTP, with made-up tokens behind it. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createAdaptorServer } from '@hono/node-server';
import { createEdgeServer } from '../../../gpu-runner/serve/edge-access.ts';
import type { Delta, SamplingJob, Usage } from '../../../gpu-runner/serve/sampling-calls.ts';
import { Sampling } from '../../../gpu-runner/serve/sampling.ts';
import { ENGINE_VERSION } from '../../../shared/engine-version.ts';
import type { Harness } from '../harness.ts';

/** One token for every answer. */
class OneToken extends Sampling {
  override async sample({ choices }: SamplingJob, tell: (deltas: readonly Delta[]) => void): Promise<Usage> {
    const tokens = [{ text: 'Once', logProbability: -1 }];
    tell(
      Array.from({ length: choices }, (_, choice) => ({ choice, text: 'Once', tokens, finish: 'length' })),
    );
    return { promptTokens: 1, completionTokens: choices };
  }
}

/**
 * Tells the edge of itself, whose clock is set to the machine's: a signature of another time is refused.
 *
 * @param folder where it may keep adapters
 * @returns how to end it
 */
export async function startServingRunner(harness: Harness, folder: string): Promise<() => Promise<void>> {
  const app = createEdgeServer({
    sampling: new OneToken(folder, 'cpu'),
    runnerKey: harness.secrets.runner,
    folder: join(folder, 'adapters'),
    log: (line) => console.error(line),
  });
  const server = createAdaptorServer({ fetch: app.fetch });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('a server without a port');
  harness.advance(Date.now() - harness.dependencies.clock());
  const runner = {
    id: randomUUID(),
    name: 'serving',
    engineVersion: ENGINE_VERSION,
    device: {},
    serveUrl: `http://127.0.0.1:${address.port}`,
  };
  await harness.clients.runner.claimTask({ body: { claimId: randomUUID(), runner } });
  return async () => {
    const closed = once(server, 'close');
    server.close();
    if ('closeAllConnections' in server) server.closeAllConnections();
    await closed;
  };
}
