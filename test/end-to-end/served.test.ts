/** One model simulates and another is aligned, over HTTP with real runners: one that is served elsewhere, and its runner killed. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { onDevice } from '../../gpu-runner/llama/backends/open-model.ts';
import { openBaseModel } from '../../gpu-runner/tasks/open-base-model.ts';
import { preferencePairLine, simulateResult } from '../../shared/api/tasks/simulate.ts';
import { startEngineServer, type EngineServer } from '../gpu-runner/tasks/served/engine-server.ts';
import { createWorld, QUICK, type World } from './world.ts';

const folder = mkdtempSync(join(tmpdir(), 'rlcd-served-'));
let server: EngineServer;
let onAnswer: (answered: number) => void = () => {};
beforeAll(async () => {
  const model = await onDevice(await openBaseModel('bundled', folder), 'cpu', folder);
  server = await startEngineServer(model, {
    maximumNewTokens: 24,
    onAnswer: (answered) => onAnswer(answered),
  });
  vi.stubEnv('RLCD_SERVED_HOSTS', new URL(server.url).origin);
  vi.stubEnv('RLCD_SERVED_CONCURRENCY', '1');
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const register = async (world: World) => {
  await world.client.createBaseModel({
    body: { kind: 'served', name: 'elsewhere', url: server.url, model: 'bundled', contextLength: 256 },
  });
};
const submit = async (world: World, method: 'rlcd' | 'rlaif') => {
  await register(world);
  const hyperparameters = { ...QUICK, ppo: { ...QUICK.ppo, klCoefficients: [0.1], steps: [1] } };
  return await world.submit({ method, simulator: 'elsewhere', hyperparameters });
};
const ended = async ({ client }: World, experimentId: string) => {
  for (;;) {
    const experiment = await client.getExperiment({ parameters: { experimentId } });
    if (!['queued', 'running'].includes(experiment.status)) return experiment;
    await sleep(100);
  }
};
const outputs = async ({ client }: World, experimentId: string) => {
  const { tasks } = await client.getLineage({ parameters: { experimentId } });
  return tasks.map((task) => ({ stage: task.stage, outputs: task.outputs.map(({ sha256 }) => sha256) }));
};

describe('a simulator that is served elsewhere', () => {
  it('writes the pairs of a whole run; its runner killed by SIGKILL, nothing is asked twice, the bytes are the same', async () => {
    const first = await createWorld();
    let unbroken: unknown[];
    let requests: number;
    try {
      const id = await submit(first, 'rlcd');
      await first.run('runner');
      const done = await first.ended(id);
      expect(done.statusReason).toBeNull();
      expect(done.simulator?.name).toBe('elsewhere');
      requests = simulateResult.parse(done.results['simulate']?.[0]).served?.requests ?? 0;
      expect(requests).toBe(server.came());
      unbroken = await outputs(first, id);
    } finally {
      await first.close();
    }
    const second = await createWorld();
    try {
      const before = server.came();
      const id = await submit(second, 'rlcd');
      const killed = await second.run('runner');
      onAnswer = (answered) => {
        if (answered === before + 7) killed.kill('SIGKILL');
      };
      await killed.exited;
      onAnswer = () => {};
      const asked = server.came() - before;
      expect(asked).toBeLessThan(requests);
      // The same runner comes again, over the same cache.
      await second.run('runner');
      const done = await ended(second, id);
      expect(done.statusReason).toBeNull();
      expect(await outputs(second, id)).toEqual(unbroken);
      // At most the request that was under way when the runner died had to come again.
      expect(server.came() - before).toBeLessThanOrEqual(requests + 1);
    } finally {
      await second.close();
    }
  });

  it('is the stronger model of delta: its answers are preferred to the own ones of the model that is aligned', async () => {
    const world = await createWorld();
    try {
      await register(world);
      const { simulate = {}, generate = {} } = QUICK;
      const dpo = { rank: 2, batchPairs: 4, microbatchPairs: 2, maximumLength: 128 };
      const asked = {
        method: 'delta' as const,
        simulator: 'elsewhere',
        hyperparameters: { simulate: { ...simulate, pairsPerPrompt: 2 }, dpo, generate },
      };
      const id = await world.submit(asked);
      const sharded = await world.submit({ ...asked, shards: 3 });
      await world.run('runner');
      const done = await world.ended(id);
      expect(done.statusReason).toBeNull();
      expect(done.stages.map(({ name }) => name).slice(0, 3)).toEqual([
        'simulate-stronger',
        'simulate',
        'dpo',
      ]);
      const parameters = { experimentId: id };
      const { items } = await world.client.listPreferencePairs({ parameters, query: {} });
      const { tasks } = await world.client.getLineage({ parameters });
      const linesOf = async (stage: string) => {
        const [output] = tasks.find((task) => task.stage === stage)?.outputs ?? [];
        const bytes = await world.client.downloadArtifact({ parameters: { sha256: output?.sha256 ?? '' } });
        const lines = (await bytes.text()).trimEnd().split('\n');
        return lines.map((line) => preferencePairLine.parse(JSON.parse(line)));
      };
      const stronger = await linesOf('simulate-stronger');
      expect(stronger.every(({ chosen, rejected }) => chosen !== '' && rejected === '')).toBe(true);
      expect(items.length).toBeGreaterThan(0);
      for (const { prompt, chosen, rejected } of items) {
        expect(stronger.some((line) => line.prompt === prompt && line.chosen === chosen)).toBe(true);
        expect(rejected).not.toBe('');
        expect(rejected).not.toBe(chosen);
      }
      // Shards of both models change no pair.
      expect((await world.ended(sharded)).statusReason).toBeNull();
      const again = await world.client.listPreferencePairs({
        parameters: { experimentId: sharded },
        query: {},
      });
      const texts = (rows: typeof items) =>
        rows.map(({ prompt, chosen, rejected }) => [prompt, chosen, rejected]);
      expect(texts(again.items)).toEqual(texts(items));
    } finally {
      await world.close();
    }
  });

  it('labels what it wrote, and the base model learns from it', async () => {
    const world = await createWorld();
    try {
      const id = await submit(world, 'rlaif');
      await world.run('runner');
      const done = await world.ended(id);
      expect(done.statusReason).toBeNull();
      expect(done.results['label']?.[0]).toMatchObject({ question: 'likelihood' });
    } finally {
      await world.close();
    }
  });
});
