/** Publishes a scorer as a runner does: by the train-scorer task of an experiment that asks for one. */
import type { Harness } from '../harness.ts';
import { TestRunner } from '../runner.ts';
import { EXPERIMENT, putArtifact } from '../seed.ts';
import { SCORER_RESULT } from './made-scorer.ts';

/** Runs an experiment that asks for a scorer up to the scorer's own task. */
export async function claimScorerTask(harness: Harness, seed = 7) {
  await harness.clients.client.createExperiment({ body: { ...EXPERIMENT, seed, scorer: true } });
  const runner = new TestRunner(harness);
  for (;;) {
    const task = await runner.claim();
    if (task === null) throw new Error('no train-scorer task came');
    if (task.kind === 'train-scorer') return task;
    await runner.complete(task);
  }
}

/** @returns hashes of the scorer's file and of the preference model that it claims to have learnt from */
export async function publishScorer(harness: Harness, bytes: Uint8Array, seed = 7) {
  const task = await claimScorerTask(harness, seed);
  const sha256 = await putArtifact(harness, bytes, 'scorer', task.id);
  await harness.clients.runner.completeTask({
    parameters: { taskId: task.id },
    body: { epoch: task.epoch, outputs: [{ name: 'scorer', sha256 }], result: SCORER_RESULT },
  });
  return { sha256, preferenceModel: task.inputs.find(({ name }) => name === 'preference-model')?.sha256 };
}
