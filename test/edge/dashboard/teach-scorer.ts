/** A scorer in the store of a filled edge: an experiment asks for one, and a made-up file is what its task finds. */
import { createHash } from 'node:crypto';
import { createClient } from '../../../shared/api/client.ts';
import { TestRunner } from '../runner.ts';
import { madeScorer } from '../scoring/made-scorer.ts';
import type { FilledEdge } from './filled-edge.ts';

const agreement = { n: 1, agreement: 1, interval: { lower: 0.2, upper: 1, confidence: 0.95 } };
const RESULT = {
  texts: 8,
  bytes: 100,
  heldOut: {
    pairs: agreement,
    freshPairs: agreement,
    rankCorrelation: { n: 4, value: 0.9, interval: { lower: 0.5, upper: 1, confidence: 0.95 } },
    byLength: [],
    labels: { n: 2, student: 1, teacher: 1 },
  },
};

/** The experiment is that of the edge once more, which takes over everything but the scorer's own task. */
export async function teachScorer({ client, url, experimentId }: FilledEdge): Promise<void> {
  const { method, principle, promptSet, baseModel, seed, hyperparameters } = await client.getExperiment({
    parameters: { experimentId },
  });
  await client.createExperiment({
    body: {
      name: 'with a scorer',
      method,
      principle,
      promptSet: promptSet.id,
      baseModel: baseModel.id,
      seed,
      hyperparameters,
      scorer: true,
    },
  });
  const { secret } = await client.createKey({ body: { name: 'teacher', scopes: ['runner'] } });
  const runner = createClient({ baseUrl: url, key: secret ?? '' });
  const task = await new TestRunner({ client: runner }).claim(undefined, ['train-scorer']);
  if (task === null) throw new Error('no train-scorer task waits');
  const bytes = madeScorer({ the: 40, and: -25, a: 15, she: -20, he: 20, to: 10, was: -15, said: 30 });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const { id: taskId, epoch } = task;
  await runner.putArtifact({
    parameters: { sha256 },
    query: { kind: 'scorer', taskId, epoch },
    body: new Uint8Array(bytes),
  });
  const outputs = [{ name: 'scorer', sha256 }];
  await runner.completeTask({ parameters: { taskId }, body: { epoch, outputs, result: RESULT } });
}
