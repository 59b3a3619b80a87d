/** Conformance of tasks: the way of an experiment through a runner, leases, fencing, reports, failures. */
import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { comparisons, metricChunks, preferencePairs, samples } from '../../../edge/store/schema/index.ts';
import type { ClaimedTask } from '../../../shared/api/tasks.ts';
import { createSecret } from '../../../edge/http/keys.ts';
import { createIdentifier } from '../../../edge/store/identifier.ts';
import { apiKeys } from '../../../edge/store/schema/index.ts';
import { ENGINE_VERSION } from '../../../shared/engine-version.ts';
import type { Harness } from '../harness.ts';
import { TestRunner } from '../runner.ts';
import { openArtifact } from '../../../edge/store/artifact-bytes.ts';
import { EXPERIMENT, finish, LIKELIHOODS, putArtifact, seedWorld } from '../seed.ts';

const LEASE = 60_000;

export function tasksConformance(start: () => Promise<Harness>): void {
  async function begin() {
    const harness = await start();
    await seedWorld(harness);
    const experiment = await harness.clients.client.createExperiment({ body: EXPERIMENT });
    return { harness, experiment, runner: new TestRunner(harness) };
  }

  function required(task: ClaimedTask | null): ClaimedTask {
    if (!task) throw new Error('there is no task to claim');
    return task;
  }

  const lost = { problem: { status: 409, type: 'urn:rlcd:problem:lease-lost' } };

  it('plans the next stage once where the last tasks of a stage end at the same moment', async () => {
    const { harness, experiment } = await begin();
    for (let seed = 100; seed < 110; seed++) {
      await harness.clients.client.createExperiment({ body: { ...EXPERIMENT, seed } });
    }
    const runners = Array.from({ length: 4 }, () => new TestRunner(harness));
    for (let worked = true; worked;) {
      const tasks = [];
      for (const runner of runners) tasks.push({ runner, task: await runner.claim() });
      const claimed = tasks.filter(({ task }) => task !== null);
      await Promise.all(claimed.map(async ({ runner, task }) => await runner.complete(required(task))));
      worked = claimed.length > 0;
    }
    const { status } = await harness.clients.client.getExperiment({
      parameters: { experimentId: experiment.id },
    });
    expect(status).toBe('succeeded');
  });

  it('takes an experiment from its first task to its verdict, stage by stage', async () => {
    const { harness, experiment, runner } = await begin();
    const get = async () =>
      await harness.clients.client.getExperiment({ parameters: { experimentId: experiment.id } });
    expect((await get()).stages.map(({ name, waitsFor }) => [name, waitsFor])).toEqual([
      ['simulate', null],
      ['train-preference-model', 'waits for simulate'],
      ['ppo', 'waits for train-preference-model'],
      ['select', 'waits for train-preference-model, ppo'],
      ['generate', 'waits for select'],
      ['generate-base', null],
      ['judge', 'waits for generate, generate-base'],
    ]);
    expect((await get()).stages[0]?.tasks[0]?.waitsFor).toBe('waits for a runner; none is alive');
    const stages = await runner.drain();
    expect(stages.toSorted()).toEqual(
      [
        'simulate',
        'simulate',
        'train-preference-model',
        'ppo',
        'select',
        'generate',
        'generate',
        'generate-base',
        'generate-base',
        'judge',
      ].sort(),
    );
    const done = await get();
    expect(done).toMatchObject({ status: 'succeeded', progress: 1 });
    expect(done.stages.every(({ status }) => status === 'succeeded')).toBe(true);
    expect(done.results['judge']?.[0]).toMatchObject({ judgements: [{ winRate: 1 }] });
    expect(await harness.database.select().from(preferencePairs)).toHaveLength(4);
    expect(await harness.database.select().from(comparisons)).toHaveLength(1);
    const { tasks } = await harness.clients.client.getLineage({
      parameters: { experimentId: experiment.id },
    });
    const outputs = new Set(tasks.flatMap((task) => task.outputs.map(({ sha256 }) => sha256)));
    for (const { sha256 } of tasks.flatMap(({ inputs }) => inputs)) expect(outputs).toContain(sha256);
  });

  it('gives a complete task: parameters, principle, base model, prompts and inputs', async () => {
    const { harness, experiment, runner } = await begin();
    const simulate = required(await runner.claim(randomUUID(), ['simulate']));
    expect(simulate).toMatchObject({
      kind: 'simulate',
      epoch: 1,
      leaseSeconds: 60,
      experimentId: experiment.id,
      stage: 'simulate',
      shard: { index: 0, count: 2 },
      seed: 7,
      parameters: { sides: 'contrast', maximumTries: 5, promptForm: 'prefix' },
      principle: { name: 'kind-stories', version: 1 },
      baseModel: { source: 'bundled' },
      inputs: [],
      checkpoint: null,
      engineVersion: ENGINE_VERSION,
    });
    const stored = await openArtifact(harness, simulate.prompts?.sha256 ?? '');
    const lines = (await new Response(stored).text()).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toContainEqual({ id: '0', prompt: 'train 0' });
    expect(lines).toHaveLength(6);
    const generate = required(await runner.claim(randomUUID(), ['generate']));
    expect([generate.stage, generate.principle, generate.inputs]).toEqual(['generate-base', null, []]);
  });

  it('moves the id of a runner to another key only where it holds no task or its own key is revoked', async () => {
    const { harness, runner } = await begin();
    const { admin } = harness.clients;
    const other = await admin.createKey({ body: { name: 'other', scopes: ['runner'] } });
    const third = await admin.createKey({ body: { name: 'third', scopes: ['runner'] } });
    const claimWith = async (key: { secret: string | null }) => {
      const body = {
        claimId: randomUUID(),
        runner: { id: runner.id, name: 'moved', engineVersion: ENGINE_VERSION, device: {} },
      };
      const answer = await harness.fetch('/v1/tasks/claim', {
        key: key.secret ?? '',
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return {
        status: answer.status,
        body: (await answer.json()) as { task?: { id: string; epoch: number } },
      };
    };
    const held = required(await runner.claim());
    expect((await claimWith(other)).status).toBe(403);
    await runner.complete(held);
    const taken = await claimWith(other);
    expect(taken.status).toBe(200);
    // It holds a task now, under the other key.
    await expect(runner.claim()).rejects.toMatchObject({ problem: { status: 403 } });
    await admin.revokeKey({ parameters: { keyId: other.id } });
    const again = await claimWith(third);
    expect(again.body.task).toMatchObject({
      id: taken.body.task?.id,
      epoch: (taken.body.task?.epoch ?? 0) + 1,
    });
  });

  it('answers a repeated claim with the same lease, and frees what a restarted runner held', async () => {
    const { harness, runner } = await begin();
    const claimId = randomUUID();
    const first = required(await runner.claim(claimId));
    expect(await runner.claim(claimId)).toEqual(first);
    const other = required(await new TestRunner(harness).claim());
    expect(other.id).not.toBe(first.id);
    const again = required(await runner.claim());
    expect([again.id, again.epoch]).toEqual([first.id, 2]);
    await expect(runner.report(first, 1)).rejects.toMatchObject(lost);
    const detail = await harness.clients.client.getTask({ parameters: { taskId: first.id } });
    expect(detail.failures).toMatchObject([{ epoch: 1, code: 'runner-restarted', retried: true }]);
  });

  it('takes no task from a runner by a copy of an older claim that comes late', async () => {
    const { harness, runner } = await begin();
    const now = harness.dependencies.clock();
    const [older, present, newer] = [
      createIdentifier(now),
      createIdentifier(now + 1),
      createIdentifier(now + 2),
    ];
    const task = required(await runner.claim(present));
    expect(await runner.claim(older)).toBeNull();
    expect(await runner.report(task, 1)).toMatchObject({ applied: true });
    // One that was made later says that the runner knows nothing of the task any more.
    expect(await runner.claim(newer)).toMatchObject({ id: task.id, epoch: task.epoch + 1 });
    await expect(runner.report(task, 2)).rejects.toMatchObject({ problem: { status: 409 } });
  });

  it('fences out every write of an old epoch once the lease ran out', async () => {
    const { harness, runner } = await begin();
    const first = required(await runner.claim(randomUUID(), ['simulate']));
    harness.advance(LEASE - 1);
    expect((await runner.report(first, 1)).leaseUntil).toBe(first.leaseUntil + LEASE - 1);
    harness.advance(LEASE);
    let taken: ClaimedTask | null;
    do taken = await new TestRunner(harness).claim(randomUUID(), ['simulate']);
    while (taken && taken.id !== first.id);
    expect(taken?.epoch).toBe(2);
    for (const write of [
      async () => await runner.report(first, 2),
      async () => await runner.complete(first),
      async () => await runner.fail(first, 'out-of-memory', true),
      async () =>
        await harness.clients.runner.checkpointTask({
          parameters: { taskId: first.id },
          body: {
            epoch: first.epoch,
            sha256: await putArtifact(harness, 'checkpoint', 'checkpoint', first.id),
            step: 1,
          },
        }),
    ]) {
      await expect(write()).rejects.toMatchObject(lost);
    }
  });

  it('applies a report once, refuses a gap, and lets a resumed run replace steps', async () => {
    const { harness, runner } = await begin();
    const task = required(await runner.claim());
    const point = (step: number, value: number) => ({ name: 'loss/policy_avg', step, value });
    expect(await runner.report(task, 1, [point(0, 3), point(1, 2)])).toMatchObject({ applied: true });
    expect(await runner.report(task, 1, [point(0, 99)])).toMatchObject({ applied: false });
    await expect(runner.report(task, 3)).rejects.toMatchObject({
      problem: { status: 409, type: 'urn:rlcd:problem:report-out-of-order' },
    });
    await runner.report(task, 2, [point(1, 2.5), point(600, 1)]);
    const resumed = required(await runner.claim());
    expect(resumed.id).toBe(task.id);
    await runner.report(resumed, 1, [point(1, 2.5), point(2, 2)]);
    const chunks = await harness.database.select().from(metricChunks);
    expect(chunks.map(({ window, count, points }) => [window, count, points])).toEqual([
      [
        0,
        3,
        [
          [0, 3],
          [1, 2.5],
          [2, 2],
        ],
      ],
      [1, 1, [[600, 1]]],
    ]);
    await harness.clients.runner.reportTask({
      parameters: { taskId: task.id },
      body: {
        epoch: resumed.epoch,
        sequence: 2,
        samples: [{ step: 2, row: 0, promptId: '5', prompt: 'Once', response: 'a\0b\ud800', score: 1.5 }],
      },
    });
    expect(await harness.database.select().from(samples)).toMatchObject([
      { step: 2, row: 0, response: 'a\ufffdb\ufffd', score: 1.5, detail: null },
    ]);
  });

  it('retries what may be retried with a growing delay, and ends the experiment when the cap is reached', async () => {
    const { harness, experiment, runner } = await begin();
    const ids = new Set<string>();
    const tryAndFail = async () => {
      const task = required(await runner.claim(randomUUID(), ['simulate']));
      ids.add(task.id);
      return await runner.fail(task, 'out-of-memory', true);
    };
    for (const seconds of [1, 2, 4, 8]) {
      const { status, waitsFor } = await tryAndFail();
      const why = `waits ${seconds} s after a failure, then it is tried again`;
      expect([status, waitsFor]).toEqual(['queued', why]);
      harness.advance(seconds * 1000 - 1);
      const { items } = await harness.clients.client.listTasks({ query: { status: 'queued' } });
      expect(items.map((task) => task.waitsFor)).toContain(
        'waits 1 s after a failure, then it is tried again',
      );
      harness.advance(1);
    }
    expect((await tryAndFail()).status).toBe('failed');
    expect(ids.size).toBe(1);
    const ended = await harness.clients.client.getExperiment({ parameters: { experimentId: experiment.id } });
    expect(ended.status).toBe('failed');
    expect(ended.statusReason).toBe('simulate: out-of-memory: told by the test (none)');
    const queued = await harness.clients.client.listTasks({ query: { status: 'queued' } });
    expect(queued.items).toEqual([]);
  });

  it('refuses a result of the wrong form, a missing output and bytes that are not what they must be', async () => {
    const { harness, runner } = await begin();
    const task = required(await runner.claim(randomUUID(), ['simulate']));
    const { result } = finish(task);
    const complete = async (body: {
      outputs: { name: string; sha256: string }[];
      result: Record<string, unknown>;
    }) =>
      await harness.clients.runner.completeTask({
        parameters: { taskId: task.id },
        body: { epoch: task.epoch, ...body },
      });
    const bad = await putArtifact(harness, '{"promptId":"0"}\n', 'report', task.id);
    const pair = {
      promptId: '0',
      prompt: 'a',
      chosen: 'b',
      rejected: 'c',
      labelProbability: 1,
      affixPair: 0,
    };
    const uneven = { ...LIKELIHOODS, ends: [1, 1] };
    const unevenTokens = await putArtifact(
      harness,
      `${JSON.stringify({ ...pair, provenance: { chosen: { likelihoods: uneven } } })}\n`,
      'report',
      task.id,
    );
    const cases = [
      [{ outputs: [], result: { ...result, pairs: 'two' } }, 400, '#/result/pairs'],
      [{ outputs: [], result: { ...result, more: 1 } }, 400, '#/result/more'],
      [{ outputs: [], result }, 400, '#/outputs'],
      [{ outputs: [{ name: 'pairs', sha256: bad }], result }, 400, '#/outputs'],
      [{ outputs: [{ name: 'pairs', sha256: unevenTokens }], result }, 400, '#/outputs'],
    ] as const;
    for (const [body, status, pointer] of cases) {
      await expect(complete({ ...body, outputs: [...body.outputs] })).rejects.toMatchObject({
        problem: { status, errors: [{ in: 'body', pointer }] },
      });
    }
    await expect(
      complete({ outputs: [{ name: 'pairs', sha256: 'f'.repeat(64) }], result }),
    ).rejects.toMatchObject({
      problem: { status: 409, detail: expect.stringContaining('was not put for the task') as unknown },
    });
    expect(await harness.database.select().from(preferencePairs)).toEqual([]);
    expect((await runner.complete(task)).status).toBe('succeeded');
    expect((await runner.complete(task)).status).toBe('succeeded');
    const pairs = await harness.database.select().from(preferencePairs);
    expect(pairs.map(({ tokens }) => tokens)).toEqual([{ chosen: LIKELIHOODS, rejected: null }, null]);
  });

  it('lets a task name one of its inputs as its output: a choice among adapters puts nothing', async () => {
    const { harness, runner } = await begin();
    let task = required(await runner.claim());
    for (; task.kind !== 'select'; task = required(await runner.claim())) await runner.complete(task);
    const chosen = task.inputs.find(({ name }) => name.startsWith('cell-'));
    const outputs = [{ name: 'adapter', sha256: chosen?.sha256 ?? '' }];
    const body = { epoch: task.epoch, outputs, result: finish(task).result };
    const done = await harness.clients.runner.completeTask({ parameters: { taskId: task.id }, body });
    expect(done.status).toBe('succeeded');
    const { tasks } = await harness.clients.client.getLineage({
      parameters: { experimentId: task.experimentId },
    });
    expect(tasks.find(({ stage }) => stage === task.stage)?.outputs).toMatchObject(outputs);
  });

  it('keeps a task for the key that holds it', async () => {
    const { harness, runner } = await begin();
    const task = required(await runner.claim());
    const id = createIdentifier(1);
    const { secret, secretSha256 } = createSecret(id);
    await harness.database
      .insert(apiKeys)
      .values({ id, name: 'other', secretSha256, scopes: ['runner'], createdAt: 1 });
    const send = async (path: string, body: unknown) =>
      (
        await harness.fetch(path, {
          method: 'POST',
          key: secret,
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        })
      ).status;
    expect(await send(`/v1/tasks/${task.id}/heartbeat`, { epoch: task.epoch, sequence: 1 })).toBe(403);
    const impostor = { id: runner.id, name: 'x', engineVersion: ENGINE_VERSION, device: {} };
    expect(await send('/v1/tasks/claim', { claimId: randomUUID(), runner: impostor })).toBe(403);
  });

  it('tells a runner to stop, cancels what waits, and resumes from the last checkpoint', async () => {
    const { harness, experiment, runner } = await begin();
    const task = required(await runner.claim());
    const sha256 = await putArtifact(harness, 'state', 'checkpoint', task.id);
    const checkpoint = { parameters: { taskId: task.id }, body: { epoch: task.epoch, sha256, step: 3 } };
    expect(await harness.clients.runner.checkpointTask(checkpoint)).toMatchObject({ cancel: false });
    const resumed = required(await runner.claim());
    expect(resumed.checkpoint).toEqual({ sha256, bytes: 5, step: 3, epoch: 1 });
    const parameters = { experimentId: experiment.id };
    expect(await harness.clients.client.cancelExperiment({ parameters })).toMatchObject({
      status: 'cancelled',
    });
    expect(await runner.report(resumed, 1)).toMatchObject({ cancel: true });
    expect(await runner.fail(resumed, 'cancelled', false)).toMatchObject({ status: 'cancelled' });
    expect(await runner.claim()).toBeNull();
    const revived = await harness.clients.client.createExperiment({ body: EXPERIMENT });
    expect(revived.status).toBe('queued');
    expect(required(await runner.claim()).checkpoint).toMatchObject({ step: 3 });
  });
}
