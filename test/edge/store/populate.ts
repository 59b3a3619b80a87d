/**
 * Fills a store with rows behind every path of the contract, and says what to write into the
 * paths; two rows in each list, so that it has a second page. A new resource adds what its paths need.
 */
import type { Harness } from '../harness.ts';
import { KINDNESS } from '../conformance/principles.ts';
import { TestRunner } from '../runner.ts';
import { populateRuns } from './populate-runs.ts';
import { EXPERIMENT, PRINCIPLE, putArtifact, seedPromptSet, seedWorld } from '../seed.ts';

const COUNTS = { train: 2, dev: 2, test: 2 };

/** Path parameter name -> a value that exists. */
export async function populate(harness: Harness): Promise<Record<string, string>> {
  const { client, runner } = harness.clients;
  await seedWorld(harness);
  const parameters = { principleName: PRINCIPLE };
  await client.createPrincipleVersion({ parameters, body: KINDNESS });
  await client.createPrincipleVersion({ parameters: { principleName: 'calm' }, body: KINDNESS });
  const promptSetId = await seedPromptSet(harness, 'second', COUNTS);
  const model = {
    name: 'second',
    source: 'bundled',
    weightsSha256: 'ab'.repeat(32),
    parameterCount: 1,
    contextLength: 1,
  };
  const baseModel = await client.createBaseModel({ body: model });

  const experiment = await client.createExperiment({ body: EXPERIMENT });
  const other = await client.createExperiment({ body: { ...EXPERIMENT, seed: 8 } });
  await new TestRunner(harness).drain();
  await new TestRunner({ client: runner }).claim();
  for (const { stages } of [
    await client.getExperiment({ parameters: { experimentId: experiment.id } }),
    await client.getExperiment({ parameters: { experimentId: other.id } }),
  ]) {
    if (stages.some(({ status }) => status !== 'succeeded')) throw new Error('an experiment did not end');
  }
  const { pair } = await client.getNextBlindPair({ parameters: { experimentId: experiment.id } });
  const label = { candidateId: pair?.candidateId ?? '', label: 'a' as const };
  const comparison = await client.labelBlindPair({ body: label });

  const sha256 = await putArtifact(harness, 'an artifact');
  const upload = await harness.clients.admin.createUpload({
    body: { sha256: 'ab'.repeat(32), bytes: 1, kind: 'report' },
  });
  const tasks = await client.listTasks();
  const taskId = tasks.items[0]?.id ?? '';
  await populateRuns(harness, taskId);
  return {
    ...parameters,
    principleVersion: '1',
    promptSetId,
    baseModelId: baseModel.id,
    sha256,
    uploadId: upload.id,
    comparisonId: comparison.id,
    experimentId: experiment.id,
    otherExperimentId: other.id,
    taskId,
  };
}
