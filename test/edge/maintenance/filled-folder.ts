/** A folder as an edge leaves it: an experiment to its end, one under way with two checkpoints, uploads, deleted things. */
import { openNodeHost } from '../../../edge/hosts/node.ts';
import { sweepStore } from '../../../edge/store/sweep.ts';
import { createHarness, type Harness } from '../harness.ts';
import { createFolder } from '../node-store.ts';
import { TestRunner } from '../runner.ts';
import { EXPERIMENT, seedWorld, sha256Of } from '../seed.ts';

export const KEPT = Buffer.from('what a client put');

export interface FilledFolder {
  readonly directory: string;
  readonly harness: Harness;
  readonly close: () => void;
  readonly runner: TestRunner;
  /** Under lease, with the checkpoints `state 1` and `state 2`. */
  readonly taskId: string;
}

export async function fillFolder(): Promise<FilledFolder> {
  const directory = createFolder();
  const host = openNodeHost(directory, undefined);
  const harness = await createHarness(async () => host.dependencies);
  await seedWorld(harness);
  const { client, runner: key } = harness.clients;
  await client.createExperiment({ body: EXPERIMENT });
  const runner = new TestRunner({ client: key });
  await runner.drain();
  const kept = { parameters: { sha256: sha256Of(KEPT) }, query: { kind: 'report' as const } };
  await client.putArtifact({ ...kept, body: KEPT });

  const gone = await client.createExperiment({ body: { ...EXPERIMENT, seed: 8 } });
  await runner.drain();
  await client.deleteExperiment({ parameters: { experimentId: gone.id } });
  await client.createExperiment({ body: { ...EXPERIMENT, seed: 9 } });
  const task = await runner.claim();
  if (!task) throw new Error('nothing waits');
  for (const step of [1, 2]) {
    const body = Buffer.from(`state ${step}`);
    const sha256 = sha256Of(body);
    const query = { kind: 'checkpoint' as const, taskId: task.id, epoch: task.epoch };
    await key.putArtifact({ parameters: { sha256 }, query, body });
    const checkpoint = { epoch: task.epoch, sha256, step };
    await key.checkpointTask({ parameters: { taskId: task.id }, body: checkpoint });
  }
  const upload = { sha256: sha256Of('in parts'), bytes: 8, kind: 'report' as const };
  const { id: uploadId } = await client.createUpload({ body: upload });
  await client.putUploadPart({ parameters: { uploadId, partNumber: '1' }, body: Buffer.from('in p') });
  await sweepStore(harness, harness.dependencies.clock());
  return { directory, harness, runner, taskId: task.id, close: () => host.close() };
}
