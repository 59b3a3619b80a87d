/** Bad input is refused with its cure before any training. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiError } from '../../shared/api/client.ts';
import { createWorld, type World } from './world.ts';

let world: World;

beforeAll(async () => {
  world = await createWorld();
});

afterAll(async () => {
  await world.close();
});

/** The problem that a call is refused with. */
async function problemOf(call: Promise<unknown>) {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ApiError)) throw new Error('the call was not refused', { cause: error });
  return error.problem;
}

describe('bad input', () => {
  it('a prompt set without prompts is refused', async () => {
    const problem = await problemOf(
      world.client.createPromptSet({ query: { name: 'nothing', rule: 'hash', train: '1' }, body: '\n' }),
    );
    expect(problem.status).toBe(400);
    expect(problem.detail).toMatch(/send at least one prompt/);
  });

  it('a prompt set without test prompts is refused when an experiment wants them', async () => {
    const body = '{"prompt": "One day.", "split": "train"}\n';
    const { id } = await world.client.createPromptSet({ query: { name: 'train-only', rule: 'field' }, body });
    const problem = await problemOf(world.submit({ promptSet: id }));
    expect(problem.status).toBe(400);
    expect(problem.errors?.[0]).toMatchObject({ pointer: '#/promptSet' });
    expect(problem.detail).toMatch(/dev|test/);
  });

  it('a principle without pairs is refused', async () => {
    const definition = { description: 'none', form: 'prefix' as const, affixPairs: [] };
    const problem = await problemOf(
      world.client.createPrincipleVersion({ parameters: { principleName: 'empty' }, body: definition }),
    );
    expect(problem.errors?.[0]).toMatchObject({ pointer: '#/affixPairs' });
  });

  it('prompts longer than the context end the task with the reason and the cure', async () => {
    const long = Array.from(
      { length: 4 },
      (_, row) => `${'Everyone loved to share and help. '.repeat(40)}${row}`,
    );
    const promptSet = await world.putPrompts('long', long);
    const hyperparameters = { generate: { maximumNewTokens: 16 } };
    const id = await world.submit({ promptSet, method: 'base', hyperparameters });
    await world.run('runner');
    const experiment = await world.ended(id);
    expect(experiment.status).toBe('failed');
    expect(experiment.statusReason).toMatch(/context|longer|tokens/);
    const [task] = experiment.stages.flatMap((stage) => stage.tasks);
    const { failures } = await world.client.getTask({ parameters: { taskId: task?.id ?? '' } });
    expect(failures).toHaveLength(1);
    expect(`${failures[0]?.message} ${failures[0]?.cure}`).toMatch(/shorten|lower|fewer/);
  });
});
