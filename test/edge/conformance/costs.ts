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
