/** A file that is larger than a request may be reaches the edge in parts, the same to the byte. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createAdaptorServer } from '@hono/node-server';
import { expect, test } from 'vitest';
import { createApp } from '../../../edge/app.ts';
import { Edge } from '../../../gpu-runner/runner/edge.ts';
import { MAXIMUM_PUT_BYTES } from '../../../shared/api/artifacts.ts';
import { createHarness } from '../../edge/harness.ts';
import { createFolder, openNodeStore } from '../../edge/node-store.ts';
import { TestRunner } from '../../edge/runner.ts';
import { EXPERIMENT, seedWorld } from '../../edge/seed.ts';

const folder = createFolder();

test.each([0, 3])('a file of %i bytes more than one request carries', async (more) => {
  const harness = await createHarness(async () => openNodeStore(createFolder()));
  await seedWorld(harness);
  await harness.clients.client.createExperiment({ body: EXPERIMENT });
  const task = await new TestRunner(harness).claim();
  if (task === null) throw new Error('no task was waiting');
  const server = createAdaptorServer({ fetch: createApp(harness.dependencies).fetch });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  try {
    const content = Buffer.alloc(MAXIMUM_PUT_BYTES + more, 'which parts go where');
    const file = join(folder, `file-${more}`);
    writeFileSync(file, content);
    const sha256 = createHash('sha256').update(content).digest('hex');
    const edge = new Edge({
      baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      key: harness.secrets.runner,
      log: () => {},
      patienceSeconds: 60,
    });
    const artifact = { kind: 'export', mediaType: 'application/octet-stream', sha256 } as const;
    const lease = { taskId: task.id, epoch: task.epoch };
    await edge.putFile({ ...artifact, file, bytes: content.length }, lease, new AbortController().signal);
    const response = await harness.clients.client.downloadArtifact({ parameters: { sha256 } });
    expect(Buffer.from(await response.arrayBuffer()).equals(content)).toBe(true);
  } finally {
    server.close();
  }
});
