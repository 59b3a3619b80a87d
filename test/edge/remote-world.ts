/** What an experiment needs, and a whole one, over HTTP: for tests whose edge is a process. */
import { createHash } from 'node:crypto';
import type { Client } from '../../shared/api/client.ts';
import { KINDNESS } from './conformance/principles.ts';
import { TestRunner } from './runner.ts';
import { BASE_MODEL, EXPERIMENT, PRINCIPLE, PROMPT_SET } from './seed.ts';

const RUNNERS = 4;
const PROMPTS = { train: 6, dev: 3, test: 4 } as const;

/** What an experiment reads, over the API. @returns the secret of a runner's key */
export async function prepare(admin: Client): Promise<string> {
  await admin.createPrincipleVersion({ parameters: { principleName: PRINCIPLE }, body: KINDNESS });
  const lines = Object.entries(PROMPTS).flatMap(([split, count]) =>
    Array.from({ length: count }, (_, row) => JSON.stringify({ prompt: `${split} ${row}`, split })),
  );
  await admin.createPromptSet({ query: { name: PROMPT_SET, rule: 'field' }, body: lines.join('\n') });
  const weightsSha256 = createHash('sha256').update('weights').digest('hex');
  await admin.createBaseModel({
    body: { name: BASE_MODEL, source: 'bundled', weightsSha256, parameterCount: 1, contextLength: 512 },
  });
  const { secret } = await admin.createKey({ body: { name: 'runner', scopes: ['runner'] } });
  if (secret === null) throw new Error('a new key has a secret');
  return secret;
}

/** One experiment to its end; the runners work side by side. */
export async function work(admin: Client, runner: Client): Promise<void> {
  await admin.createExperiment({ body: EXPERIMENT }, { idempotencyKey: 'once' });
  const runners = Array.from({ length: RUNNERS }, () => new TestRunner({ client: runner }));
  for (let worked = true; worked;) {
    const tasks = await Promise.all(
      runners.map(async (each) => {
        const task = await each.claim();
        if (!task) return false;
        await each.report(task, 1, [{ name: 'loss', step: task.shard.index, value: task.seed }]);
        await each.complete(task);
        return true;
      }),
    );
    worked = tasks.includes(true);
  }
}
