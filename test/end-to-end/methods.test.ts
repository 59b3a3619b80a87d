/** Every method of the table over HTTP with a real runner: what each makes, what it reports, and what they share. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient } from '../../shared/api/client.ts';
import { readEvidence } from '../../shared/report/read-evidence.ts';
import { frontierResult } from '../../shared/api/tasks/frontier.ts';
import { judgeResult } from '../../shared/api/tasks/judge.ts';
import type { Hyperparameters } from '../../shared/api/tasks/kinds.ts';
import { examineResult } from '../../shared/api/tasks/examine.ts';
import { lookResult } from '../../shared/api/tasks/look.ts';
import { trajectoryResult } from '../../shared/api/tasks/trajectory.ts';
import { METHODS } from '../../shared/api/words.ts';
import { trainPreferenceModelResult } from '../../shared/api/tasks/train-preference-model.ts';
import { createWorld, QUICK, type World } from './world.ts';

const { simulate = {}, generate = {}, select = {}, ppo = {} } = QUICK;
const trainPreferenceModel = QUICK['train-preference-model'] ?? {};
const learning: Hyperparameters = { ...QUICK, ppo: { ...ppo, klCoefficients: [0.1], steps: [1] }, select };
const dpo = { rank: 2, batchPairs: 4, microbatchPairs: 2, maximumLength: 128, checkpointEverySteps: 1 };
const trajectory = { promptLimit: 4, maximumNewTokens: 12 };
const frontier = { strengths: [0.5, 1], promptLimit: 6, maximumNewTokens: 12 };
const SETTINGS: Readonly<Record<(typeof METHODS)[number], Hyperparameters>> = {
  rlcd: learning,
  'filtered-rlcd': learning,
  rloo: learning,
  grpo: learning,
  'rlcd-direct': { ppo: { ...learning.ppo, steps: [1, 2] }, select, trajectory, generate, frontier },
  rlaif: learning,
  'rlcd-rescore': learning,
  'context-distillation': {
    simulate,
    distill: { rank: 2, epochs: 1, batchSize: 4, maximumLength: 128, checkpointEverySteps: 1 },
    generate,
  },
  base: { generate },
  'best-of-n': {
    simulate,
    'train-preference-model': trainPreferenceModel,
    generate,
    'best-of-n': { candidates: 4 },
  },
  dpo: { simulate, dpo, generate, frontier },
  dlma: { simulate, dpo: { ...dpo, contrastCoefficient: 0.3 }, generate },
  simpo: { simulate, dpo: { ...dpo, gamma: 1 }, generate },
  delta: { simulate, dpo, generate },
  kto: { simulate, dpo, generate },
  'human-preference-model': { 'train-preference-model': trainPreferenceModel },
  'examine-judges': { examine: { pairLimit: 20 }, judge: { judges: ['sentiment'] } },
  look: { look: { maximumNewTokens: 24 } },
};

let world: World;
beforeAll(async () => {
  world = await createWorld();
  await world.run('runner');
});
afterAll(async () => {
  await world.close();
});

const finished = async (id: string) => {
  const done = await world.ended(id);
  expect(done.statusReason).toBeNull();
  expect(done.status).toBe('succeeded');
  return done;
};
const artifactOf = async (experimentId: string, stage: string) => {
  const { tasks } = await world.client.getLineage({ parameters: { experimentId } });
  return tasks.filter((task) => task.stage === stage).map((task) => task.outputs.map(({ sha256 }) => sha256));
};

describe('the methods', () => {
  it('all run to their end, share equal work, and report what is their own', async () => {
    // delta takes another model (served.test.ts).
    const own = METHODS.filter(
      (method) => !['human-preference-model', 'examine-judges', 'look', 'delta'].includes(method),
    );
    const ids = new Map<string, string>();
    for (const method of own) {
      ids.set(method, await world.submit({ method, hyperparameters: SETTINGS[method] }));
    }
    const done = new Map<string, Awaited<ReturnType<typeof finished>>>();
    for (const [method, id] of ids) done.set(method, await finished(id));
    const resultOf = (method: string, stage: string) => done.get(method)?.results[stage]?.[0];
    const id = (method: string) => ids.get(method) ?? '';

    for (const method of own.filter((name) => name !== 'base')) {
      const { judgements } = judgeResult.parse(resultOf(method, 'judge'));
      expect(judgements[0]).toMatchObject({ judge: 'sentiment', n: 8 });
    }
    // Equal work is done once: the contrast pairs, the preference model of hard labels, the base's answers.
    const pairs = await artifactOf(id('rlcd'), 'simulate');
    for (const method of ['rlcd-rescore', 'best-of-n', 'dpo', 'simpo', 'kto']) {
      expect(await artifactOf(id(method), 'simulate')).toEqual(pairs);
    }
    expect(await artifactOf(id('best-of-n'), 'train-preference-model')).toEqual(
      await artifactOf(id('rlcd'), 'train-preference-model'),
    );
    expect(await artifactOf(id('rlcd-rescore'), 'train-preference-model')).not.toEqual(
      await artifactOf(id('rlcd'), 'train-preference-model'),
    );
    expect(await artifactOf(id('rlaif'), 'simulate')).not.toEqual(pairs);
    const answers = await artifactOf(id('base'), 'generate');
    for (const method of own.filter((name) => name !== 'base')) {
      expect(await artifactOf(id(method), 'generate-base')).toEqual(answers);
    }
    const direct = done.get('rlcd-direct');
    expect(direct?.stages.map(({ name }) => name)).toEqual([
      'ppo',
      'select',
      'trajectory',
      'generate',
      'generate-base',
      'judge',
      'frontier',
    ]);
    expect(resultOf('rlcd-direct', 'ppo')).toMatchObject({
      cells: [
        { klCoefficient: 0.1, steps: 1 },
        { klCoefficient: 0.1, steps: 2 },
      ],
    });
    const course = trajectoryResult.parse(resultOf('rlcd-direct', 'trajectory'));
    expect([course.n, ...course.points.map(({ steps }) => steps)]).toEqual([4, 1, 2]);
    const { trajectory: told } = await readEvidence(world.client, id('rlcd-direct'));
    expect(told).toHaveLength(8);
    for (const method of ['rlcd-direct', 'dpo']) {
      const { n, points } = frontierResult.parse(resultOf(method, 'frontier'));
      expect([n, ...points.map(({ strength }) => strength)]).toEqual([6, 0.5, 1]);
      const { frontier: rows } = await readEvidence(world.client, id(method));
      expect(rows).toHaveLength(12);
      for (const { strength, kl } of points) {
        const nats = rows.filter((row) => row.strength === strength).reduce((sum, row) => sum + row.nats, 0);
        expect(kl).toBeCloseTo(nats / 6, 10);
      }
    }
    expect(done.get('rlcd')?.stages.map(({ name }) => name)).not.toContain('frontier');
    expect(done.get('rlcd-rescore')?.cost.sharedTasks).toBeGreaterThanOrEqual(2);

    for (const method of ['rlaif', 'rlcd-rescore']) {
      expect(resultOf(method, 'label')).toMatchObject({ question: 'likelihood', orders: null, dropped: 0 });
    }
    const { items } = await world.client.listPreferencePairs({
      parameters: { experimentId: id('rlaif') },
      query: {},
    });
    const labels = items.map(({ labelProbability }) => labelProbability);
    expect(Math.min(...labels)).toBeGreaterThanOrEqual(0.5);
    expect(Math.max(...labels)).toBeLessThan(1);
    expect(resultOf('context-distillation', 'distill')).toMatchObject({ droppedExamples: 0 });
    for (const method of ['dpo', 'dlma', 'simpo', 'kto']) {
      expect(resultOf(method, 'dpo'), method).toMatchObject({ droppedPairs: 0 });
    }
    // The same words as rlcd's; dlma could not train on pairs without their contrast.
    const pairsOf = async (method: string) =>
      (await world.client.listPreferencePairs({ parameters: { experimentId: id(method) }, query: {} })).items;
    const chosenOf = (lines: Awaited<ReturnType<typeof pairsOf>>) => lines.map(({ chosen }) => chosen);
    expect(chosenOf(await pairsOf('dlma'))).toEqual(chosenOf(await pairsOf('rlcd')));
    expect(resultOf('best-of-n', 'best-of-n')).toMatchObject({ n: 8, candidates: 4 });
  });

  it('a look measures what the affixes do to the answers and how fast the machine is, and makes nothing', async () => {
    const done = await finished(await world.submit({ method: 'look', hyperparameters: SETTINGS.look }));
    expect(done.stages.map(({ name, tasks }) => [name, tasks.length])).toEqual([['look', 1]]);
    const { contrast, training, device } = lookResult.parse(done.results['look']?.[0]);
    const { prompts, positive, negative, examples, rates } = contrast;
    expect([prompts, positive.tokens.n, negative.tokens.n, examples.length]).toEqual([12, 12, 12, 4]);
    expect(positive.accepted + negative.accepted).toBe(Math.round(24 * contrast.acceptance.share));
    expect(positive.tokens.maximum).toBeLessThanOrEqual(24);
    expect(Math.min(rates.sampled, rates.read, training.trained, training.promptTokens)).toBeGreaterThan(0);
    expect(device.name).toBe('cpu');
    expect(await artifactOf(done.id, 'look')).toEqual([[]]);
    await expect(
      world.submit({ method: 'look', hyperparameters: { simulate: { maximumNewTokens: 24 } } }),
    ).rejects.toThrow(/no stage simulate/);
  });

  it('an exam tells what each judge is worth on pairs of the test split, one of them a preference model', async () => {
    const lines = Array.from({ length: 24 }, (_, row) => {
      const [kind, cruel] = [
        `It shared ${row} fish and was happy.`,
        `It hid ${row} fish and was sad and angry.`,
      ];
      return ['train', 'test'].map((split) =>
        JSON.stringify({
          prompt: `One day a bear number ${row} sat by the ${split === 'train' ? 'lake' : 'sea'}.`,
          chosen: row % 6 === 0 ? cruel : kind,
          rejected: row % 6 === 0 ? kind : cruel,
          split,
        }),
      );
    }).flat();
    const { id } = await world.client.createPromptSet({
      query: { name: 'judged', rule: 'field' },
      body: `${lines.join('\n')}\n`,
    });
    const trained = await finished(
      await world.submit({
        method: 'human-preference-model',
        promptSet: id,
        hyperparameters: SETTINGS['human-preference-model'],
      }),
    );
    const [[artifact = ''] = []] = await artifactOf(trained.id, 'train-preference-model');
    const judges = ['sentiment' as const, { kind: 'preference-model' as const, artifact }];
    const examine = (seed: number) =>
      world.submit({
        method: 'examine-judges',
        promptSet: id,
        seed,
        hyperparameters: { examine: { pairLimit: 20 }, judge: { judges } },
      });
    const done = await finished(await examine(1));
    const { pairs, exams } = examineResult.parse(done.results['examine']?.[0]);
    expect(pairs).toBe(24);
    const [lexicon, model] = exams;
    expect(lexicon).toMatchObject({ judge: 'sentiment', n: 20, ties: 0, orders: 'single-text' });
    // Of 24 pairs 20 are as the lexicon says, and 20 of all are drawn.
    expect(lexicon?.agreed).toBeGreaterThanOrEqual(16);
    expect(lexicon?.lengthOnly.accuracy).toBeCloseTo(1 - (lexicon?.accuracy ?? 0), 9);
    expect(lexicon?.probabilities?.brier).toBeLessThan(0.25);
    expect(model).toMatchObject({ judge: `preference-model-${artifact.slice(0, 12)}`, n: 20 });
    expect(model?.probabilities?.from).toBe('scores');
    // Evidence of an exam is read like that of any experiment, and has no responses of a system.
    const evidence = await readEvidence(world.client, done.id);
    expect(evidence).toMatchObject({ method: 'examine-judges', completions: [], comparisons: [] });
  });

  it('what people say of the answers is evidence beside what judges say: of several the majority', async () => {
    const { id: experimentId } = await finished(
      await world.submit({ method: 'dpo', hyperparameters: SETTINGS.dpo }),
    );
    const parameters = { experimentId };
    const second = await world.client.createKey({ body: { name: 'second reader', scopes: ['client'] } });
    const readers = [world.client, createClient({ baseUrl: world.url, key: second.secret ?? '' })];
    const labels: string[] = [];
    for (const [reader, label] of [
      [readers[0], 'tie'],
      [readers[0], 'skip'],
      [readers[0], 'a'],
      [readers[1], 'tie'],
      [readers[1], 'b'],
    ] as const) {
      const { pair } = (await reader?.getNextBlindPair({ parameters })) ?? {};
      if (!pair) throw new Error('a pair is left to label');
      await reader?.labelBlindPair({ body: { candidateId: pair.candidateId, label } });
      labels.push(`${pair.candidateId.split(':').at(-1)} ${label}`);
    }
    const { comparisons } = await readEvidence(world.client, experimentId);
    const people = comparisons.filter(({ judge }) => judge === 'people');
    const prompts = labels.map((said) => said.split(' ')[0]);
    // The second reader said something of the pair that the first left out.
    expect(new Set(prompts).size).toBe(3);
    expect(people.map(({ promptId }) => promptId).toSorted((one, other) => (one < other ? -1 : 1))).toEqual(
      [...new Set(prompts)].toSorted((one = '', other = '') => (one < other ? -1 : 1)),
    );
    expect(people.find(({ promptId }) => promptId === prompts[0])).toMatchObject({ share: 0.5 });
    for (const place of [1, 2]) {
      const found = people.find(({ promptId }) => promptId === prompts[place]);
      expect([0, 1]).toContain(found?.share);
    }
    expect(comparisons.length - people.length).toBe(8);
  });

  it('human pairs, one of which holds the text of a special token: it is text like any other, and ends no run', async () => {
    const body = readFileSync(new URL('../fixtures/cases/odd-human-pair.jsonl', import.meta.url), 'utf8');
    const { id } = await world.client.createPromptSet({ query: { name: 'pairs', rule: 'field' }, body });
    const method = 'human-preference-model';
    const done = await finished(
      await world.submit({ method, promptSet: id, hyperparameters: SETTINGS[method] }),
    );
    const result = trainPreferenceModelResult.parse(done.results['train-preference-model']?.[0]);
    expect(result).toMatchObject({ humanPairs: 25, droppedPairs: 0 });
    expect(result.trainPairs + result.heldOut.n).toBe(25);
  });
});
