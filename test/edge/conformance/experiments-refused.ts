/** Conformance of experiments that cannot be: what is refused, with the field and the cure, before anything is made. */
import { expect, it } from 'vitest';
import { artifacts, experiments, stages, tasks } from '../../../edge/store/schema/index.ts';
import type { Harness } from '../harness.ts';
import { EXPERIMENT, seedPromptSet } from '../seed.ts';
import { beginExperiments } from './begin-experiments.ts';

const jsonLines = (rows: readonly unknown[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

export function experimentsRefusedConformance(start: () => Promise<Harness>): void {
  const begin = async () => await beginExperiments(start);

  it('refuses what cannot be done, names the field and the cure, and writes nothing', async () => {
    const { harness, client } = await begin();
    await seedPromptSet(harness, 'no-dev', { train: 6, dev: 0, test: 4 });
    await seedPromptSet(harness, 'empty', { train: 0, dev: 0, test: 0 });
    const cases: [change: object, pointer: string, words: string][] = [
      [{ principle: { name: 'nobody', version: 1 } }, '#/principle/name', 'create it first'],
      [{ principle: { name: 'kind-stories', version: 2 } }, '#/principle/version', 'list its versions'],
      [{ promptSet: 'nothing' }, '#/promptSet', 'upload it first'],
      [{ promptSet: 'empty' }, '#/promptSet', 'train'],
      [{ promptSet: 'no-dev' }, '#/promptSet', 'dev'],
      [{ baseModel: 'nothing' }, '#/baseModel', 'register it first'],
      [{ shards: 5 }, '#/shards', 'at most as many shards'],
      [{ form: 'chat' }, '#/form', 'stand in front of a text (prefix)'],
      [{ form: 'verse' }, '#/form', 'prefix'],
      [
        { hyperparameters: { 'train-preference-model': { humanShare: 0.2 } } },
        '#/hyperparameters/train-preference-model/humanShare',
        'has no pair that people labelled',
      ],
      [
        { method: 'human-preference-model', hyperparameters: {} },
        '#/promptSet',
        'has no pair that people labelled',
      ],
      [
        { method: 'examine-judges', hyperparameters: {} },
        '#/promptSet',
        'upload rows of {chosen, rejected} with their prompts in the split test',
      ],
      [
        { method: 'examine-judges', hyperparameters: { examine: { pairLimit: 1 } } },
        '#/hyperparameters/examine/pairLimit',
        '2',
      ],
      [
        {
          method: 'examine-judges',
          hyperparameters: { judge: { judges: [{ kind: 'likelihood', question: 'helpful' }] } },
        },
        '#/hyperparameters/judge/judges',
        'about dialogues',
      ],
      [
        {
          method: 'examine-judges',
          hyperparameters: { judge: { judges: [{ kind: 'preference-model', artifact: 'a'.repeat(64) }] } },
        },
        '#/hyperparameters/judge/judges/0/artifact',
        'train or put it first',
      ],
      [
        { hyperparameters: { ...EXPERIMENT.hyperparameters, examine: { pairLimit: 9 } } },
        '#/hyperparameters/examine',
        'the method rlcd has no stage examine',
      ],
      [{ extra: 1 }, '#/extra', 'not a known field'],
      [{ hyperparameters: { ppo: { steeps: [1] } } }, '#/hyperparameters/ppo/steeps', 'not a known field'],
      [{ hyperparameters: { ppo: { topP: 0.8 } } }, '#/hyperparameters/ppo/topP', 'say generate.topP'],
      [
        { hyperparameters: { ppo: { rollouts: 10, minibatchSize: 4 } } },
        '#/hyperparameters/ppo/minibatchSize',
        'must divide rollouts',
      ],
      [
        { hyperparameters: { ppo: { schedule: 'cosine', steps: [2, 4] } } },
        '#/hyperparameters/ppo/schedule',
        'must be constant where steps names several',
      ],
      [
        { method: 'rlaif', hyperparameters: { simulate: { leastContrast: 0 } } },
        '#/hyperparameters/simulate/leastContrast',
        'those of rlaif are not',
      ],
      [{ method: 'base' }, '#/hyperparameters/ppo', 'has no stage ppo'],
      [
        { method: 'base', hyperparameters: { frontier: {} } },
        '#/hyperparameters/frontier',
        'the method base has no stage frontier',
      ],
      [
        { hyperparameters: { frontier: { strengths: [1, 0.5] } } },
        '#/hyperparameters/frontier/strengths',
        'must ascend',
      ],
      [{ hyperparameters: { trajectory: { topP: 0.9 } } }, '#/hyperparameters/trajectory/topP', '1'],
      [
        {
          hyperparameters: {
            trajectory: {},
            ppo: { klCoefficients: [0.01, 0.02, 0.03], steps: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11] },
          },
        },
        '#/hyperparameters/trajectory',
        'follows at most 32 policies, and ppo keeps 33',
      ],
      [{ plannedSeconds: { frontier: 5 } }, '#/plannedSeconds/frontier', 'has no stage frontier'],
      [{ plannedSeconds: { nowhere: 5 } }, '#/plannedSeconds/nowhere', 'has no stage nowhere'],
      [{ plannedSeconds: { ppo: 0 } }, '#/plannedSeconds/ppo', '0'],
      [
        { method: 'look', hyperparameters: { simulate: { temperature: 1 } } },
        '#/hyperparameters/simulate',
        'the method look has no stage simulate',
      ],
      [
        { method: 'rlcd-direct', hyperparameters: { ppo: { valueStart: 'preference-head' } } },
        '#/hyperparameters/ppo/valueStart',
        'rlcd-direct trains none',
      ],
      [
        { method: 'filtered-rlcd', hyperparameters: { simulate: { leastContrast: null } } },
        '#/hyperparameters/simulate/leastContrast',
        'which is the method rlcd',
      ],
      [
        { method: 'grpo', hyperparameters: { ppo: { advantageEstimator: 'rloo' } } },
        '#/hyperparameters/ppo/advantageEstimator',
        'grpo is named after another',
      ],
      [
        { method: 'dpo', hyperparameters: { dpo: { gamma: 1 } } },
        '#/hyperparameters/dpo/gamma',
        'goes with the method simpo only',
      ],
      [
        { method: 'simpo', hyperparameters: { dpo: { contrastLimit: 1 } } },
        '#/hyperparameters/dpo/contrastLimit',
        'goes with the method dlma only',
      ],
      [
        { hyperparameters: { simulate: { maximumNewTokens: 512 } } },
        '#/hyperparameters/simulate/maximumNewTokens',
        'has a context of 512 tokens for prompt and response together',
      ],
    ];
    for (const [change, pointer, words] of cases) {
      const body = { ...EXPERIMENT, ...change };
      await expect(client.createExperiment({ body }), pointer).rejects.toMatchObject({
        problem: {
          status: 400,
          errors: expect.arrayContaining([
            { in: 'body', pointer, detail: expect.stringContaining(words) as unknown },
          ]) as unknown,
        },
      });
    }
    for (const table of [experiments, stages, tasks]) {
      expect(await harness.database.select().from(table)).toEqual([]);
    }
  });

  it('refuses prompts that are too few for a stage before anything is made, in the look for a method, too', async () => {
    const { harness, client } = await begin();
    await seedPromptSet(harness, 'one-dev', { train: 6, dev: 1, test: 4 });
    await seedPromptSet(harness, 'one-test', { train: 6, dev: 3, test: 1 });
    await seedPromptSet(harness, 'one-train', { train: 1, dev: 3, test: 4 });
    const { id: twice } = await client.createPromptSet({
      query: { name: 'twice', rule: 'field' },
      body: jsonLines([
        ...['train', 'train', 'dev', 'dev'].map((split) => ({ prompt: 'the same', split })),
        ...[1, 2].map((number) => ({ prompt: `test ${number}`, split: 'test' })),
      ]),
    });
    const { id: labelled } = await client.createPromptSet({
      query: { name: 'labelled', rule: 'field' },
      body: jsonLines([
        { prompt: 'one', chosen: 'a', rejected: 'b', split: 'train' },
        { prompt: 'another', split: 'train' },
      ]),
    });
    const ppo = EXPERIMENT.hyperparameters;
    const cases: [change: object, pointer: string, words: string[]][] = [
      [
        { promptSet: 'one-dev' },
        '#/promptSet',
        ['one-dev has 1 prompt in the split dev', 'select needs at least 2', 'split: dev'],
      ],
      [
        { promptSet: 'one-test' },
        '#/promptSet',
        ['has 1 prompt in the split test', 'judge needs at least 2'],
      ],
      [
        { promptSet: 'one-train' },
        '#/promptSet',
        ['1 different prompt in the split train', 'train-preference-model needs'],
      ],
      [{ promptSet: twice }, '#/promptSet', ['twice has 1 different prompt in the split train']],
      [
        { promptSet: labelled, method: 'human-preference-model', hyperparameters: {} },
        '#/promptSet',
        ['has 1 different prompt that people labelled in the split train'],
      ],
      [
        { promptSet: labelled, hyperparameters: { 'train-preference-model': { humanShare: 1 } } },
        '#/hyperparameters/train-preference-model/humanShare',
        [
          'is 1, which is 2 of 2 simulated pairs',
          'labelled has 1 pair that people labelled',
          'give at most 0.50, or upload rows',
        ],
      ],
      [
        { hyperparameters: { ...ppo, select: { promptLimit: 1 } } },
        '#/hyperparameters/select/promptLimit',
        ['leaves 1 prompt of the split dev'],
      ],
      [
        { hyperparameters: { ...ppo, frontier: { promptLimit: 1 } } },
        '#/hyperparameters/frontier/promptLimit',
        ['leaves 1 prompt of the split test', 'frontier needs at least 2'],
      ],
      [
        { hyperparameters: { ...ppo, trajectory: { promptLimit: 1 } } },
        '#/hyperparameters/trajectory/promptLimit',
        ['leaves 1 prompt of the split dev', 'trajectory needs at least 2'],
      ],
      [
        { hyperparameters: { ...ppo, simulate: { promptLimit: 1 } } },
        '#/hyperparameters/simulate/promptLimit',
        ['leaves 1 different prompt'],
      ],
      [
        { shards: 3, hyperparameters: { ...ppo, generate: { promptLimit: 2 } } },
        '#/shards',
        ['generate works on 2 prompts of the split test'],
      ],
      [
        { method: 'look', promptSet: 'one-dev', hyperparameters: { look: { method: 'rlcd' } } },
        '#/promptSet',
        ['one-dev has 1 prompt in the split dev', 'select needs at least 2'],
      ],
    ];
    for (const [change, pointer, words] of cases) {
      const body = { ...EXPERIMENT, shards: 1, ...change };
      const refused = await client.createExperiment({ body }).catch((error: unknown) => error);
      expect(refused, JSON.stringify(change)).toMatchObject({
        problem: { status: 400, errors: [{ pointer }] },
      });
      for (const word of words) expect(refused).toHaveProperty('message', expect.stringContaining(word));
    }
    for (const table of [experiments, stages, tasks, artifacts]) {
      expect(await harness.database.select().from(table)).toEqual([]);
    }
    const bodies = [
      { method: 'dpo' as const, promptSet: 'one-dev' },
      { method: 'base' as const, promptSet: 'one-test' },
      {
        method: 'look' as const,
        promptSet: 'one-dev',
        hyperparameters: { look: { method: 'dpo' as const } },
      },
    ];
    for (const change of bodies) {
      await client.createExperiment({ body: { ...EXPERIMENT, shards: 1, hyperparameters: {}, ...change } });
    }
  });
}
