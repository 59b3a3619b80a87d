/** Conformance of what work costs: every second under lease and every token, once, whatever became of the attempt. */
import { expect, it } from 'vitest';
import type { Harness } from '../harness.ts';
import { TestRunner } from '../runner.ts';
import { EXPERIMENT, seedWorld } from '../seed.ts';

const TOKENS = { prompt: 1, sampled: 20, scored: 300, trained: 4000 };
const LEASE_MILLISECONDS = 60_000;
const MOST_EXPIRATIONS = 20;

export function costsConformance(start: () => Promise<Harness>): void {
  async function begin() {
    const harness = await start();
    await seedWorld(harness);
    const { id } = await harness.clients.client.createExperiment({ body: EXPERIMENT });
    const cost = async () =>
      (await harness.clients.client.getExperiment({ parameters: { experimentId: id } })).cost;
    return { harness, cost };
  }

  const claim = async (runner: TestRunner) => {
    const task = await runner.claim();
    if (!task) throw new Error('there is no task');
    return task;
  };

  it('counts runner time, GPU time and tokens of every attempt, and a repeated report once', async () => {
    const { harness, cost } = await begin();
    const [onGpu, onCpu] = [new TestRunner(harness, { device: 'cuda' }), new TestRunner(harness)];
    const first = await claim(onGpu);
    harness.advance(10_000);
    await onGpu.report(first, 1, [], TOKENS);
    await onGpu.report(first, 1, [], TOKENS);
    // While it runs, the time so far.
    expect(await cost()).toMatchObject({ runnerSeconds: 10, gpuSeconds: 10, tokens: TOKENS, tasks: 4 });
    await onGpu.report(first, 2);
    await onGpu.complete(first);
    harness.advance(10_000);
    expect(await cost()).toMatchObject({ runnerSeconds: 10, gpuSeconds: 10 });

    const second = await claim(onCpu);
    harness.advance(5000);
    await onCpu.report(second, 1, [], TOKENS);
    await onCpu.fail(second, 'unexpected', true);
    const twice = { prompt: 2, sampled: 40, scored: 600, trained: 8000 };
    expect(await cost()).toMatchObject({ runnerSeconds: 15, gpuSeconds: 10, tokens: twice });

    // A lease that runs out was paid for to its end.
    await claim(onGpu);
    harness.advance(LEASE_MILLISECONDS + 1000);
    await onCpu.claim();
    expect(await cost()).toMatchObject({ runnerSeconds: 76, gpuSeconds: 71, tokens: twice });
  });

  it('does anew what has failed where the one who asks now says that the model lies', async () => {
    const { harness } = await begin();
    const { client } = harness.clients;
    const runner = new TestRunner(harness);
    const known = (await client.listBaseModels()).items.find(({ name }) => name === EXPERIMENT.baseModel);
    if (!known) throw new Error('the world has no base model');
    const { weightsSha256, parameterCount, contextLength } = known;
    const same = { weightsSha256, parameterCount, contextLength };
    await client.createBaseModel({ body: { ...same, name: 'mistyped', source: '/nowhere' } });
    const asked = { ...EXPERIMENT, method: 'base', hyperparameters: {} } as const;
    const sourceOf = async (baseModel: string) => {
      await client.createExperiment({ body: { ...asked, seed: 77, baseModel } });
      for (;;) {
        const task = await claim(runner);
        if (task.seed === 77) return { task, source: task.baseModel.source };
        await runner.fail(task, 'bad-input', false);
      }
    };
    const wrong = await sourceOf('mistyped');
    expect(wrong.source).toBe('/nowhere');
    await runner.fail(wrong.task, 'bad-input', false);
    expect((await sourceOf(EXPERIMENT.baseModel)).source).toBe(known.source);
  });

  it('counts no time twice: a retry tells of what had been done, and counts what is done for it', async () => {
    const { harness } = await begin();
    const { client } = harness.clients;
    const runner = new TestRunner(harness);
    const [{ id: failedId } = { id: '' }] = (await client.listExperiments()).items;
    // The two shards of the simulation, 10 s each; then what comes next fails after 30 s and waits nowhere.
    for (const _ of [0, 1]) {
      const task = await claim(runner);
      expect(task.kind).toBe('simulate');
      harness.advance(10_000);
      await runner.complete(task);
    }
    const fails = await claim(runner);
    harness.advance(30_000);
    await runner.fail(fails, 'bad-input', false);
    const detail = async (experimentId: string) =>
      await client.getExperiment({ parameters: { experimentId } });
    const failed = await detail(failedId);
    expect([failed.status, failed.cost.runnerSeconds]).toEqual(['failed', 50]);

    harness.advance(60_000);
    const { id } = await client.createExperiment({ body: EXPERIMENT });
    const stageOf = async (name: string) => (await detail(id)).stages.find((stage) => stage.name === name);
    expect((await detail(id)).cost).toMatchObject({
      runnerSeconds: 30,
      sharedRunnerSeconds: 20,
      sharedTasks: 2,
    });
    expect((await detail(failedId)).cost).toMatchObject({ runnerSeconds: 20, sharedRunnerSeconds: 30 });
    // What was found done took no time; what is done anew waits until a runner takes it.
    const simulated = await stageOf('simulate');
    expect([simulated?.status, simulated?.runnerSeconds]).toEqual(['succeeded', 0]);
    expect(simulated?.startedAt).toBe(simulated?.finishedAt);
    expect(await stageOf(fails.stage)).toMatchObject({ startedAt: null });
    harness.advance(40_000);
    const again = await claim(runner);
    expect(again.id).toBe(fails.id);
    harness.advance(5000);
    const stage = await stageOf(fails.stage);
    expect([(stage?.startedAt ?? 0) - (stage?.readyAt ?? 0), stage?.runnerSeconds]).toEqual([40_000, 35]);
    const listed = (await client.listExperiments()).items;
    expect(listed.map(({ runnerSeconds }) => runnerSeconds)).toEqual([35, 20]);
  });

  it('takes a task that is handed back for no failure of the task, and gives it out again at once', async () => {
    const { harness } = await begin();
    const [runner] = [new TestRunner(harness)];
    const task = await claim(runner);
    const parameters = { taskId: task.id };
    const status = async () => (await harness.clients.client.getTask({ parameters })).status;
    await runner.fail(task, 'runner-stopped', true);
    for (let count = 1; count < MOST_EXPIRATIONS; count++) {
      const again = await claim(runner);
      expect([again.id, again.epoch]).toEqual([task.id, count + 1]);
      expect(await status()).toBe('leased');
      await runner.fail(again, 'runner-stopped', true);
    }
    expect(await status()).toBe('failed');
  });
}
