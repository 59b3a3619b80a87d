/** The runner against a real edge over HTTP: a whole alignment, cancel, SIGTERM, a lost lease and a refused key. */
import { createHash, randomUUID } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAdaptorServer, type ServerType } from '@hono/node-server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../../edge/app.ts';
import { openNodeHost, type NodeHost } from '../../../edge/hosts/node.ts';
import { describeModel } from '../../../gpu-runner/tasks/open-base-model.ts';
import { startRunner } from '../../../scripts/processes/runner-process.ts';
import type { Child, Exit } from '../../../scripts/processes/child.ts';
import { createClient, type Client } from '../../../shared/api/client.ts';
import { ENGINE_VERSION } from '../../../shared/engine-version.ts';
import { createIdentifier } from '../../../shared/identifier.ts';
import type { Hyperparameters } from '../../../shared/api/tasks/kinds.ts';
import { TINY } from '../../../scripts/tools/chaos/settings.ts';
import type { Method } from '../../../shared/method-stages.ts';
import { judgement } from '../../../shared/api/tasks/judge.ts';
import { kindStories } from '../../../shared/principles/kind-stories/kind-stories.ts';
import { openTinyModel, tinyBannedTexts, tinyPrompts } from '../algorithms/tiny-model.ts';

const ADMIN_KEY = 'a-key-for-tests-of-the-runner-0123456789';
const SMALL: Hyperparameters = {
  ...TINY,
  simulate: { maximumNewTokens: 24, maximumTries: 50, bannedTexts: tinyBannedTexts, promptLimit: 12 },
  ppo: { ...TINY.ppo, maximumNewTokens: 8, steps: [1, 2], samplePrompts: 1 },
  select: { ...TINY.select, maximumNewTokens: 8 },
};
/** So long that every test stops it. */
const ENDLESS: Hyperparameters = { ...SMALL, ppo: { ...SMALL.ppo, steps: [100_000] } };

const folder = mkdtempSync(join(tmpdir(), 'rlcd-runner-'));
let host: NodeHost;
let server: ServerType;
let url = '';
let client: Client;
let key = '';
let tiny: Awaited<ReturnType<typeof openTinyModel>>;
let runners = 0;

beforeAll(async () => {
  host = openNodeHost(join(folder, 'edge'), ADMIN_KEY);
  server = createAdaptorServer({ fetch: createApp(host.dependencies).fetch });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  client = createClient({ baseUrl: url, key: ADMIN_KEY });
  key = (await client.createKey({ body: { name: 'runner', scopes: ['runner'] } })).secret ?? '';
  tiny = await openTinyModel();
  const model = await describeModel('tiny', tiny.model.base.folder, join(folder, 'cache'));
  await client.createBaseModel({ body: model });
  const { name, description, form, responseOpening, affixPairs } = kindStories;
  const definition = { description, form, responseOpening, affixPairs: [...affixPairs] };
  await client.createPrincipleVersion({ parameters: { principleName: name }, body: definition });
  const lines = (['train', 'dev', 'test'] as const).flatMap((split, part) =>
    tinyPrompts(16).map(({ text }, row) =>
      JSON.stringify({ prompt: `${text} It was day ${part * 16 + row}.`, split }),
    ),
  );
  await client.createPromptSet({ query: { name: 'tiny', rule: 'field' }, body: `${lines.join('\n')}\n` });
});

afterAll(async () => {
  server.close();
  host.close();
  tiny.close();
  rmSync(folder, { recursive: true });
});

const BLOCK_ENGINE = new URL('block-engine.ts', import.meta.url).href;
const TELL_PATTERN = new URL('tell-pattern.ts', import.meta.url).href;
const JUMP_CLOCK = new URL('jump-clock.ts', import.meta.url).href;

const start = (secret = key, preload: readonly string[] = [], model = tiny.model.base.folder): Child =>
  startRunner({
    url,
    key: secret,
    name: `runner-${runners++}`,
    dataFolder: folder,
    models: [model],
    preload,
  });

/** As a machine that is shut down asks for it, but without an end to its patience: the runner's own limit counts. */
async function end(runner: Child): Promise<Exit> {
  runner.kill('SIGTERM');
  return await runner.exited;
}

async function experiment(
  seed: number,
  hyperparameters: Hyperparameters,
  of: { method: Method; promptSet: string; baseModel: string } = {
    method: 'rlcd',
    promptSet: 'tiny',
    baseModel: 'tiny',
  },
): Promise<string> {
  const body = {
    principle: { name: kindStories.name, version: 1 },
    ...of,
    seed,
    hyperparameters,
  };
  return (await client.createExperiment({ body })).id;
}

/** Asks until an answer is there; the test's own time limit ends it. */
async function until<Result>(ask: () => Promise<Result | undefined>): Promise<Result> {
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await sleep(50);
  }
}

/** The process of a runner's engine: its only child. */
function engineOf({ pid }: Child): number {
  const [child, ...others] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  expect(others).toEqual([]);
  return Number(child);
}

/** The process of an engine that is blocked, once it is. */
async function engineAtWork(runner: Child): Promise<number> {
  await until(async () =>
    readFileSync(runner.logFile, 'utf8').includes('the engine works') ? true : undefined,
  );
  return engineOf(runner);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** What the first task of a stage failed with. */
async function failuresOf(experimentId: string, stage: 'simulate' | 'generate' = 'simulate') {
  const { stages } = await client.getExperiment({ parameters: { experimentId } });
  const taskId = stages.find(({ kind }) => kind === stage)?.tasks[0]?.id ?? '';
  return (await client.getTask({ parameters: { taskId } })).failures;
}

const ppoOf = async (experimentId: string) => {
  const { stages } = await client.getExperiment({ parameters: { experimentId } });
  return stages.find(({ kind }) => kind === 'ppo')?.tasks[0];
};
/** In its second step, so that the checkpoint of the first is there: within a step progress is a part of one. */
const ppoUnderWay = (experimentId: string) =>
  until(async () => {
    const task = await ppoOf(experimentId);
    return task?.status === 'leased' && (task.progress?.done ?? 0) > 1 ? task : undefined;
  });

describe('the runner', () => {
  it('takes an experiment through every stage to a judged result', async () => {
    const runner = start();
    const id = await experiment(1, SMALL);
    const done = await until(async () => {
      const detail = await client.getExperiment({ parameters: { experimentId: id } });
      return ['succeeded', 'failed', 'cancelled'].includes(detail.status) ? detail : undefined;
    });
    expect(done.statusReason).toBeNull();
    expect(done.status).toBe('succeeded');
    const [result] = done.results['judge'] ?? [];
    const judged = judgement.array().parse(result?.['judgements']);
    expect(judged[0]).toMatchObject({ judge: 'sentiment', n: 8 });
    expect((await end(runner)).code).toBe(0);
  });

  it('stops a cancelled task, says so, and takes the next one', async () => {
    const runner = start();
    const id = await experiment(2, ENDLESS);
    await ppoUnderWay(id);
    await client.cancelExperiment({ parameters: { experimentId: id } });
    await until(async () => ((await ppoOf(id))?.status === 'cancelled' ? true : undefined));
    await until(async () =>
      /ppo .*: cancelled/.test(readFileSync(runner.logFile, 'utf8')) ? true : undefined,
    );
    const next = await experiment(3, ENDLESS);
    await ppoUnderWay(next);
    expect(readFileSync(runner.logFile, 'utf8')).toMatch(/ppo .*: cancelled/);
    await client.cancelExperiment({ parameters: { experimentId: next } });
    expect((await end(runner)).code).toBe(0);
  });

  it('hands its task back on SIGTERM; another runner goes on from its checkpoint', async () => {
    const id = await experiment(4, ENDLESS);
    const first = start();
    const task = await ppoUnderWay(id);
    expect((await end(first)).code).toBe(0);
    const { failures } = await client.getTask({ parameters: { taskId: task.id } });
    expect(failures.at(-1)).toMatchObject({ code: 'runner-stopped', retried: true });
    const second = start();
    const resumed = await ppoUnderWay(id);
    expect(resumed.epoch).toBeGreaterThan(task.epoch);
    await until(async () =>
      /ppo .*starts after step \d+/.test(readFileSync(second.logFile, 'utf8')) ? true : undefined,
    );
    await client.cancelExperiment({ parameters: { experimentId: id } });
    await end(second);
  });

  it('drops a checkpoint that it cannot read, says so, and goes on from the one before', async () => {
    const id = await experiment(10, ENDLESS);
    const first = start();
    const task = await ppoUnderWay(id);
    expect((await end(first)).code).toBe(0);
    // Another runner, of a version that writes what this one cannot read.
    const other = createClient({ baseUrl: url, key });
    const runner = { id: randomUUID(), name: 'other', engineVersion: ENGINE_VERSION, device: {} };
    const claimed = await until(async () => {
      const body = { claimId: createIdentifier(Date.now()), runner, kinds: ['ppo' as const] };
      return (await other.claimTask({ body })).task ?? undefined;
    });
    expect(claimed.id).toBe(task.id);
    const { epoch, checkpoint } = claimed;
    const lease = { taskId: claimed.id, epoch };
    const bytes = Buffer.from('of another format');
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const put = {
      parameters: { sha256 },
      query: { kind: 'checkpoint' as const, ...lease },
      body: new Blob([bytes]),
    };
    await other.putArtifact(put);
    const parameters = { taskId: claimed.id };
    const before = checkpoint?.step ?? 0;
    await other.checkpointTask({ parameters, body: { epoch, sha256, step: before + 1 } });
    const reason = { code: 'runner-stopped', message: 'ends' };
    await other.failTask({ parameters, body: { epoch, reason, retryable: true } });
    const second = start();
    const failures = await until(async () => {
      const told = (await client.getTask({ parameters })).failures.filter(
        ({ code }) => code !== 'runner-stopped',
      );
      return told.length > 0 ? told : undefined;
    });
    expect(failures).toMatchObject([{ code: 'bad-checkpoint', retried: true }]);
    expect(failures[0]?.message).toContain('are no checkpoint of this project');
    await until(async () =>
      new RegExp(`ppo .*starts after step ${before}\n`).test(readFileSync(second.logFile, 'utf8'))
        ? true
        : undefined,
    );
    await ppoUnderWay(id);
    await client.cancelExperiment({ parameters: { experimentId: id } });
    expect((await end(second)).code).toBe(0);
  });

  it('tells that its engine was killed, and goes on in a new one from the last checkpoint', async () => {
    const id = await experiment(5, ENDLESS);
    const runner = start();
    const task = await ppoUnderWay(id);
    const killed = engineOf(runner);
    process.kill(killed, 'SIGKILL');
    const failures = await until(async () => {
      const told = (await client.getTask({ parameters: { taskId: task.id } })).failures;
      return told.length > 0 ? told : undefined;
    });
    expect(failures).toMatchObject([{ code: 'engine-ended', retried: true }]);
    expect(failures[0]?.message).toContain('by SIGKILL');
    await until(async () =>
      /ppo .*starts after step \d+/.test(readFileSync(runner.logFile, 'utf8')) ? true : undefined,
    );
    expect(engineOf(runner)).not.toBe(killed);
    await client.cancelExperiment({ parameters: { experimentId: id } });
    expect((await end(runner)).code).toBe(0);
  });

  it('hands its task back within seconds although its engine never answers', async () => {
    const id = await experiment(6, ENDLESS);
    const runner = start(key, [BLOCK_ENGINE]);
    const engine = await engineAtWork(runner);
    expect((await end(runner)).code).toBe(0);
    expect(isAlive(engine)).toBe(false);
    expect(await failuresOf(id)).toMatchObject([{ code: 'runner-stopped', retried: true }]);
    await client.cancelExperiment({ parameters: { experimentId: id } });
  });

  it('ends an engine that says nothing for hours, tells so, and tries again', async () => {
    const id = await experiment(8, ENDLESS);
    const runner = start(key, [BLOCK_ENGINE, JUMP_CLOCK]);
    const engine = await engineAtWork(runner);
    runner.kill('SIGUSR2');
    await until(async () => (isAlive(engine) ? undefined : true));
    const failure = await until(async () => (await failuresOf(id))[0]);
    expect(failure).toMatchObject({ code: 'stalled', retried: true });
    await client.cancelExperiment({ parameters: { experimentId: id } });
    expect((await end(runner)).code).toBe(0);
  });

  it('ends an engine whose tokenizer never gets through a prompt, twice and no more', async () => {
    const model = join(folder, 'endless');
    cpSync(tiny.model.base.folder, model, { recursive: true });
    const file = join(model, 'tokenizer.json');
    const tokenizer: Record<string, unknown> = JSON.parse(readFileSync(file, 'utf8'));
    const split = { type: 'Split', pattern: { Regex: '(a+)+b' }, behavior: 'Isolated', invert: false };
    writeFileSync(file, JSON.stringify({ ...tokenizer, pre_tokenizer: split }));
    await client.createBaseModel({ body: await describeModel('endless', model, join(folder, 'cache')) });
    const lines = ['train', 'dev', 'test'].flatMap((part) =>
      Array.from({ length: 16 }, (_, row) => `{"prompt":"${row} ${'a'.repeat(64)}!","split":"${part}"}`),
    );
    await client.createPromptSet({ query: { name: 'endless', rule: 'field' }, body: lines.join('\n') });
    const id = await experiment(9, {}, { method: 'base', promptSet: 'endless', baseModel: 'endless' });
    const failures = async () => await failuresOf(id, 'generate');
    const runner = start(key, [TELL_PATTERN, JUMP_CLOCK], model);
    for (const times of [1, 2]) {
      await until(async () => {
        const told = readFileSync(runner.logFile, 'utf8').match(/the pattern runs/g)?.length ?? 0;
        return told >= times ? true : undefined;
      });
      runner.kill('SIGUSR2');
      await until(async () => ((await failures()).length === times ? true : undefined));
    }
    expect(await failures()).toMatchObject([
      {
        code: 'stalled',
        retried: true,
        cure: expect.stringContaining('a tokenizer whose pattern never ends'),
      },
      { code: 'stalled', retried: false },
    ]);
    // Of what follows from the model: minutes for one so small.
    expect((await failures())[0]?.message).toBe('the engine has done nothing for 16 minutes, and was ended');
    expect((await client.getExperiment({ parameters: { experimentId: id } })).status).toBe('failed');
    expect((await end(runner)).code).toBe(0);
  });

  it('leaves no engine behind when it is killed, not even one in the middle of a run', async () => {
    const id = await experiment(7, ENDLESS);
    const runner = start(key, [BLOCK_ENGINE]);
    const engine = await engineAtWork(runner);
    expect(isAlive(engine)).toBe(true);
    runner.kill('SIGKILL');
    await runner.exited;
    await until(async () => (isAlive(engine) ? undefined : true));
    await client.cancelExperiment({ parameters: { experimentId: id } });
  });

  it('ends with one line that names the fault where its key is refused', async () => {
    const runner = start('rlcd_nobody');
    expect(await runner.exited).toEqual({ code: 1, signal: null });
    expect(readFileSync(runner.logFile, 'utf8')).toMatch(/claimTask: 401/);
  });
});
