/** Conformance of experiments: what is refused and why, equal work done once, lists, comparison, deletion. */
import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { experiments, tasks } from '../../../edge/store/schema/index.ts';
import type { Harness } from '../harness.ts';
import { lookResultOf } from '../look-result.ts';
import { TestRunner } from '../runner.ts';
import { beginExperiments } from './begin-experiments.ts';
import { EXPERIMENT } from '../seed.ts';

export function experimentsConformance(start: () => Promise<Harness>): void {
  const begin = async () => await beginExperiments(start);

  it('lists those of a prompt set and of a base model by name and by id', async () => {
    const { client, create } = await begin();
    const made = await create();
    const found = async (query: object) =>
      (await client.listExperiments({ query })).items.map(({ id }) => id);
    for (const [filter, { id, name }] of Object.entries({
      promptSet: made.promptSet,
      baseModel: made.baseModel,
    })) {
      for (const value of [id, name]) expect(await found({ [filter]: value }), filter).toEqual([made.id]);
      expect(await found({ [filter]: 'nothing' })).toEqual([]);
    }
  });

  it('looks: one task, whose result is all that it makes, and which is gone with the experiment', async () => {
    const { harness, client, create, get } = await begin();
    const { id } = await create({ method: 'look', hyperparameters: {} });
    const runner = new TestRunner(harness);
    expect(await runner.drain()).toEqual(['look']);
    const { status, stages: made, results } = await get(id);
    expect([status, made.length]).toEqual(['succeeded', 1]);
    expect(made[0]?.parameters).toMatchObject({ promptForm: 'prefix', maximumNewTokens: 300 });
    expect(results['look']).toEqual([lookResultOf()]);
    await client.deleteExperiment({ parameters: { experimentId: id } });
    expect(await harness.database.select().from(tasks)).toEqual([]);
  });

  it('weighs the progress by what stages are planned to take, and by their tokens where nobody planned', async () => {
    const { harness, client, create, get } = await begin();
    const planned = await create({ plannedSeconds: { simulate: 94 } });
    const other = await create({ seed: 8 });
    const runner = new TestRunner(harness);
    for (
      let task = await runner.claim(undefined, ['simulate']);
      task;
      task = await runner.claim(undefined, ['simulate'])
    )
      await runner.complete(task);
    const [one, two] = [await get(planned.id), await get(other.id)];
    expect(one.stages.map(({ plannedSeconds }) => plannedSeconds)).toEqual([
      94,
      ...Array.from({ length: 6 }, () => null),
    ]);
    const [simulation = 0, ...others] = two.stages.map(({ weight }) => weight);
    const rest = others.reduce((sum, weight) => sum + weight, 0);
    expect(simulation).toBeGreaterThan(0);
    expect(new Set(others).size).toBeGreaterThan(2);
    // What the plan leaves out is as little beside it as a second.
    expect(one.progress).toBeCloseTo(94 / (94 + rest), 10);
    expect(two.progress).toBeCloseTo(simulation / (simulation + rest), 10);
    const { items } = await client.listExperiments();
    expect(items.map(({ progress }) => progress)).toEqual([two.progress, one.progress]);
  });

  it('simulates with another model than it aligns, which then cannot be deleted', async () => {
    const { harness, client, create, get } = await begin();
    const served = { kind: 'served' as const, url: 'http://127.0.0.1:8080/v1', model: 'large' };
    const large = await client.createBaseModel({ body: { ...served, name: 'large' } });
    await client.createBaseModel({ body: { ...served, name: 'chatty', protocol: 'chat' } });
    const experiment = await create({ simulator: 'large' });
    expect(experiment.simulator).toEqual({ id: large.id, name: 'large' });
    expect((await get(experiment.id)).simulator).toEqual({ id: large.id, name: 'large' });
    const formed = await create({ form: 'prefix' });
    expect([formed.form, (await get(formed.id)).form]).toEqual(['prefix', 'prefix']);
    const plain = await create();
    expect([plain.form, (await get(plain.id)).form]).toEqual([null, null]);
    expect([plain.simulator, (await get(plain.id)).simulator]).toEqual([null, null]);
    const claimed = await new TestRunner(harness).claim();
    expect(claimed).toMatchObject({
      kind: 'simulate',
      baseModel: { name: 'large', served: { model: 'large' } },
    });
    await new TestRunner(harness).drain();
    const { tasks: lineage } = await client.getLineage({ parameters: { experimentId: experiment.id } });
    for (const { kind, baseModelSha256 } of lineage) {
      expect(baseModelSha256 === large.weightsSha256, kind).toBe(kind === 'simulate');
    }
    await expect(client.deleteBaseModel({ parameters: { baseModelId: large.id } })).rejects.toMatchObject({
      problem: { status: 409 },
    });
    const refused: [change: object, pointer: string, words: string][] = [
      [{ simulator: 'nothing' }, '#/simulator', 'register it first'],
      [{ simulator: 'chatty' }, '#/simulator', 'chat messages alone'],
      [{ method: 'base', hyperparameters: {}, simulator: 'large' }, '#/simulator', 'simulates nothing'],
      [{ baseModel: 'large' }, '#/baseModel', 'name it as simulator'],
      [
        { method: 'rlcd-direct', hyperparameters: {}, simulator: 'large' },
        '#/simulator',
        'simulates nothing',
      ],
      [{ method: 'dlma', hyperparameters: {}, simulator: 'large' }, '#/simulator', 'which dlma weighs'],
      [{ method: 'delta', hyperparameters: {} }, '#/simulator', 'name one beside'],
      [
        { method: 'delta', hyperparameters: {}, simulator: EXPERIMENT.baseModel },
        '#/simulator',
        'is the model that is aligned',
      ],
      [
        { method: 'filtered-rlcd', hyperparameters: {}, simulator: 'large' },
        '#/simulator',
        'which filtered-rlcd weighs',
      ],
      [
        { simulator: 'large', hyperparameters: { simulate: { leastContrast: 0 } } },
        '#/hyperparameters/simulate/leastContrast',
        'needs likelihoods',
      ],
    ];
    for (const [change, pointer, words] of refused) {
      await expect(
        client.createExperiment({ body: { ...EXPERIMENT, ...change } }),
        words,
      ).rejects.toMatchObject({
        problem: {
          status: 400,
          errors: [{ in: 'body', pointer, detail: expect.stringContaining(words) as unknown }],
        },
      });
    }
  });

  it('does equal work once: a second experiment shares what runs and reuses what is done', async () => {
    const { harness, create, get } = await begin();
    const first = await create();
    const runner = new TestRunner(harness);
    const running = await runner.claim();
    const second = await create({ name: 'the same again' });
    expect(second.status).toBe('running');
    expect((await get(second.id)).stages[0]?.tasks.map(({ id }) => id)).toContain(running?.id);
    const done = await new TestRunner(harness).drain();
    expect(done.filter((stage) => stage === 'simulate')).toHaveLength(1);
    if (running) await runner.complete(running);
    await runner.drain();
    for (const { id } of [first, second]) expect((await get(id)).status).toBe('succeeded');
    expect((await get(second.id)).cost.sharedTasks).toBe(10);
    const third = await create();
    expect([third.status, third.progress]).toEqual(['succeeded', 1]);
    expect(await runner.claim()).toBeNull();
    const base = await harness.clients.client.createExperiment({
      body: { ...EXPERIMENT, method: 'base', hyperparameters: {} },
    });
    expect(base.status).toBe('succeeded');
    const other = await create({ seed: 8 });
    expect(other.status).toBe('queued');
  });

  it('cancels its own tasks and leaves those that another experiment waits for', async () => {
    const { harness, client, create, get } = await begin();
    const first = await create();
    const base = await client.createExperiment({
      body: { ...EXPERIMENT, method: 'base', hyperparameters: {} },
    });
    await client.cancelExperiment({ parameters: { experimentId: first.id } });
    const cancelled = await get(first.id);
    expect(cancelled.status).toBe('cancelled');
    expect(new Set(cancelled.stages.map(({ status }) => status))).toEqual(new Set(['cancelled']));
    expect(await new TestRunner(harness).drain()).toEqual(['generate-base', 'generate-base']);
    expect((await get(base.id)).status).toBe('succeeded');
    await client.cancelExperiment({ parameters: { experimentId: base.id } });
    expect((await get(base.id)).status).toBe('succeeded');
  });

  it('deletes an experiment that has ended, with the tasks that nobody else uses', async () => {
    const { harness, client, create } = await begin();
    const first = await create();
    await expect(client.deleteExperiment({ parameters: { experimentId: first.id } })).rejects.toMatchObject({
      problem: { status: 409, detail: expect.stringContaining('cancel it first') as unknown },
    });
    const base = await client.createExperiment({
      body: { ...EXPERIMENT, method: 'base', hyperparameters: {} },
    });
    await new TestRunner(harness).drain();
    await client.deleteExperiment({ parameters: { experimentId: first.id } });
    expect((await harness.database.select().from(tasks)).map(({ kind }) => kind)).toEqual([
      'generate',
      'generate',
    ]);
    await client.deleteExperiment({ parameters: { experimentId: base.id } });
    expect(await harness.database.select().from(tasks)).toEqual([]);
    await expect(client.getExperiment({ parameters: { experimentId: base.id } })).rejects.toMatchObject({
      problem: { status: 404 },
    });
  });

  it('lists by method, status, principle, base model and the beginning of the name, page by page', async () => {
    const { harness, client, create } = await begin();
    for (const name of ['alpha one', 'alpha two', 'beta']) {
      harness.advance(1);
      await create({ name });
    }
    const names = async (query: Parameters<typeof client.listExperiments>[0]) =>
      (await client.listExperiments(query)).items.map(({ name }) => name);
    expect(await names({})).toEqual(['beta', 'alpha two', 'alpha one']);
    expect(await names({ query: { text: 'alpha' } })).toEqual(['alpha one', 'alpha two']);
    expect(await names({ query: { method: 'base' } })).toEqual([]);
    expect(
      await names({ query: { method: 'rlcd', status: 'queued', principle: 'kind-stories' } }),
    ).toHaveLength(3);
    expect(await names({ query: { baseModel: 'bundled', promptSet: 'nothing' } })).toEqual([]);
    for (const text of [undefined, 'alpha', '']) {
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const query = { limit: 1, ...(text ? { text } : {}), ...(cursor ? { cursor } : {}) };
        const page = await client.listExperiments({ query });
        seen.push(...page.items.map(({ name }) => name));
        cursor = page.nextCursor;
      } while (cursor !== null);
      expect(seen).toEqual(text ? ['alpha one', 'alpha two'] : ['beta', 'alpha two', 'alpha one']);
    }
  });

  it('tells verdicts, runner time and what each stage needs, in the list as in the detail', async () => {
    const { harness, client, create } = await begin();
    const { id } = await create();
    const listed = async () => (await client.listExperiments()).items.find((item) => item.id === id);
    expect(await listed()).toMatchObject({ verdicts: [], runnerSeconds: 0 });
    const runner = new TestRunner(harness);
    const task = await runner.claim();
    harness.advance(2500);
    expect((await listed())?.runnerSeconds).toBe(2.5);
    if (task) await runner.complete(task);
    harness.advance(1000);
    expect((await listed())?.runnerSeconds).toBe(2.5);
    await runner.drain();
    const verdict = { judge: 'sentiment', n: 1, winRate: 1, lengthControlled: null };
    expect(await listed()).toMatchObject({ status: 'succeeded', verdicts: [verdict] });
    const detail = await client.getExperiment({ parameters: { experimentId: id } });
    expect(detail).toMatchObject({ runnerSeconds: detail.cost.runnerSeconds, verdicts: [verdict] });
    const needs = Object.fromEntries(detail.stages.map((stage) => [stage.name, stage.needs]));
    expect(needs).toMatchObject({
      simulate: [],
      ppo: ['train-preference-model'],
      select: ['train-preference-model', 'ppo'],
      judge: ['generate', 'generate-base'],
    });
  });

  it('compares two experiments: the settings that differ', async () => {
    const { client, create } = await begin();
    const first = await create();
    const second = await create({ seed: 8 });
    const { settings } = await client.compareExperiments({
      parameters: { experimentId: first.id, otherExperimentId: second.id },
    });
    expect(settings).toEqual([{ pointer: '/seed', before: 7, after: 8 }]);
  });

  it('keeps one experiment for a repeated request', async () => {
    const { harness, client } = await begin();
    const idempotencyKey = randomUUID();
    const first = await client.createExperiment({ body: EXPERIMENT }, { idempotencyKey });
    expect(await client.createExperiment({ body: EXPERIMENT }, { idempotencyKey })).toEqual(first);
    expect(await harness.database.select().from(experiments)).toHaveLength(1);
  });
}
