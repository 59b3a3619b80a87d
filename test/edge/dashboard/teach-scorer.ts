/** A scorer in the store of a filled edge: an experiment asks for one, and a made-up file is what its task finds. */
import { createHash } from 'node:crypto';
import { createClient } from '../../../shared/api/client.ts';
import { TestRunner } from '../runner.ts';
import { madeScorer, SCORER_RESULT } from '../scoring/made-scorer.ts';
import { bodyOf, type FilledEdge } from './filled-edge.ts';

/** The experiment is that of the edge once more, which takes over everything but the scorer's own task. */
export async function teachScorer(edge: FilledEdge): Promise<void> {
  const { client, url } = edge;
  await client.createExperiment({ body: { ...(await bodyOf(edge)), name: 'with a scorer', scorer: true } });
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
  await runner.completeTask({ parameters: { taskId }, body: { epoch, outputs, result: SCORER_RESULT } });
}
