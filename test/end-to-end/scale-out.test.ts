/** Many runners and no coordinator but the edge: no shard is lost, done twice or out of order, and no byte differs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { compareEvidence } from '../../scripts/tools/chaos/compare.ts';
import { gather, type Evidence } from '../../scripts/tools/chaos/evidence.ts';
import type { Point } from '../../scripts/tools/chaos/proxy.ts';
import type { Client } from '../../shared/api/client.ts';
import type { Hyperparameters } from '../../shared/api/tasks/kinds.ts';
import { openTinyModel, tinyBannedTexts, tinyPrompts } from '../gpu-runner/algorithms/tiny-model.ts';
import { createWorld, QUICK, type World } from './world.ts';

const SHARDS = 4;
const LEASE_MILLISECONDS = 60_000;
const SMALL: Hyperparameters = {
  ...QUICK,
  simulate: { maximumNewTokens: 24, maximumTries: 50, bannedTexts: tinyBannedTexts },
  ppo: { ...QUICK.ppo, klCoefficients: [0.1], steps: [1] },
};
/** Of all methods the one with every stage that is cut into shards: simulate, label and generate. */
const BODY = {
  method: 'rlcd-rescore',
  shards: SHARDS,
  promptSet: 'tiny',
  hyperparameters: SMALL,
} as const;
const NO_DIFFERENCE = {
  differingBytes: 0,
  differingDocuments: [],
  lostMetricRows: 0,
  doubledMetricRows: 0,
  changedMetricRows: 0,
};

type Experiment = Awaited<ReturnType<Client['getExperiment']>>;
type Task = Experiment['stages'][number]['tasks'][number];

const tasksOf = ({ stages }: Experiment, ...names: string[]): Task[] =>
  stages.filter(({ name }) => names.length === 0 || names.includes(name)).flatMap(({ tasks }) => tasks);

async function open(clockOffset: () => number = () => 0): Promise<World> {
  const world = await createWorld({ clockOffset, model: tiny.model.base.folder });
  await world.putPrompts(
    'tiny',
    tinyPrompts(12).map(({ text }, day) => `${text} It was day ${day}.`),
  );
  return world;
}

/** Resolves with the experiment as soon as it is as wished; throws where it ended otherwise. */
async function until(world: World, experimentId: string, wished: (experiment: Experiment) => boolean) {
  for (;;) {
    const experiment = await world.client.getExperiment({ parameters: { experimentId } });
    if (wished(experiment)) return experiment;
    if (!['queued', 'running'].includes(experiment.status)) {
      throw new Error(`the experiment is ${experiment.status}: ${experiment.statusReason}`);
    }
    await sleep(50);
  }
}

/** The outputs of a stage's shards, one after the other. */
async function joined(client: Client, experimentId: string, stage: string, output: string): Promise<string> {
  const { tasks } = await client.getLineage({ parameters: { experimentId } });
  const shards = tasks.filter((task) => task.stage === stage).toSorted((a, b) => a.shard - b.shard);
  const texts: string[] = [];
  for (const { outputs } of shards) {
    const sha256 = outputs.find(({ name }) => name === output)?.sha256 ?? '';
    texts.push(await (await client.downloadArtifact({ parameters: { sha256 } })).text());
  }
  return texts.join('');
}

let tiny: Awaited<ReturnType<typeof openTinyModel>>;
let single: World;
let singleId = '';
let reference: Evidence;

beforeAll(async () => {
  tiny = await openTinyModel();
  single = await open();
  singleId = await single.submit(BODY);
  await single.run('alone');
  await until(single, singleId, ({ status }) => status === 'succeeded');
  reference = await gather(single.client, singleId);
});

afterAll(async () => {
  await single.close();
  tiny.close();
});

it('four runners, one of them killed and one answered too late, leave the bytes and rows of one runner', async () => {
  let offset = 0;
  const world = await open(() => offset);
  try {
    const id = await world.submit(BODY);
    // Nobody is answered before all four have asked, so each of them gets a shard of the first stage.
    const allAsk = Promise.withResolvers<void>();
    const asking = new Set<string>();
    const askTogether = async (name: string, { operation, phase }: Point) => {
      if (operation !== 'claim' || phase !== 'asked') return;
      asking.add(name);
      if (asking.size === 4) allAsk.resolve();
      await allAsk.promise;
    };
    const holdBack = Promise.withResolvers<void>();
    const lateAnswer = Promise.withResolvers<number | undefined>();
    const striker = Promise.withResolvers<void>();
    await world.run('healthy-1', { onPoint: (point) => askTogether('healthy-1', point) });
    await world.run('healthy-2', { onPoint: (point) => askTogether('healthy-2', point) });
    const late = { held: false };
    await world.run('late', {
      onPoint: async (point) => {
        await askTogether('late', point);
        // Silent from then on: a heartbeat would keep its lease alive, if it came before the edge looks at the clock.
        if (point.operation === 'heartbeat' && late.held) await holdBack.promise;
        if (point.operation !== 'complete') return;
        if (point.phase === 'answered') lateAnswer.resolve(point.status);
        if (point.phase !== 'asked' || late.held) return;
        late.held = true;
        await holdBack.promise;
      },
    });
    const killed = await world.run('killed', {
      onPoint: async (point) => {
        await askTogether('killed', point);
        // Its output is stored, and it dies before it says so.
        if (point.operation === 'put-output' && point.phase === 'answered') {
          killed.kill('SIGKILL');
          striker.resolve();
        }
      },
    });
    const first = (experiment: Experiment) => tasksOf(experiment, 'simulate', 'generate-base');
    await striker.promise;
    const stuck = await until(
      world,
      id,
      (experiment) => first(experiment).filter(({ status }) => status === 'succeeded').length === 6,
    );
    expect(new Set(tasksOf(stuck, 'simulate').map(({ runnerId }) => runnerId)).size).toBe(4);
    expect(tasksOf(stuck, 'simulate').filter(({ status }) => status === 'leased')).toHaveLength(2);
    offset = 2 * LEASE_MILLISECONDS;
    await until(world, id, (experiment) => first(experiment).every(({ status }) => status === 'succeeded'));
    holdBack.resolve();
    expect(await lateAnswer.promise).toBe(409);

    const experiment = await until(world, id, ({ status }) => status === 'succeeded');
    expect(compareEvidence(reference, await gather(world.client, id))).toEqual(NO_DIFFERENCE);
    // Not one shard more or twice than its injected fault asks for.
    const attempts = tasksOf(experiment).map(({ attempts: count }) => count);
    expect(attempts.filter((count) => count === 2)).toHaveLength(2);
    expect(attempts.filter((count) => count === 1)).toHaveLength(attempts.length - 2);
    const failures = await Promise.all(
      tasksOf(experiment).map(
        async (task) => (await world.client.getTask({ parameters: { taskId: task.id } })).failures,
      ),
    );
    expect(failures.flat().map(({ code }) => code)).toEqual(['lease-expired', 'lease-expired']);
    expect(world.log('late')).toMatch(/simulate .*: lost\n/);
  } finally {
    await world.close();
  }
});

it('shards joined in their order are the bytes of one shard: simulation, labels and completions', async () => {
  const { client } = single;
  const whole = await single.submit({ ...BODY, shards: 1 });
  await until(
    single,
    whole,
    (experiment) =>
      tasksOf(experiment, 'label').length === 1 &&
      tasksOf(experiment, 'simulate', 'label', 'generate-base').every(({ status }) => status === 'succeeded'),
  );
  await client.cancelExperiment({ parameters: { experimentId: whole } });
  for (const [stage, output] of [
    ['simulate', 'pairs'],
    ['label', 'pairs'],
    ['generate-base', 'completions'],
  ] as const) {
    const text = await joined(client, whole, stage, output);
    expect(text.split('\n').length).toBeGreaterThan(SHARDS);
    expect(await joined(client, singleId, stage, output)).toBe(text);
  }
});
