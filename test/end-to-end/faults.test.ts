/** Faults on the way: each run ends in the same bytes and rows as an undisturbed one, or names its reason. */
import { afterEach, beforeAll, expect, it } from 'vitest';
import type { Blobs } from '../../edge/store/blobs.ts';
import { compareEvidence } from '../../scripts/tools/chaos/compare.ts';
import { gather, type Evidence } from '../../scripts/tools/chaos/evidence.ts';
import type { Point } from '../../scripts/tools/chaos/proxy.ts';
import { createWorld, type World } from './world.ts';

const LEASE_MILLISECONDS = 60_000;
const clean = {
  differingBytes: 0,
  differingDocuments: [],
  lostMetricRows: 0,
  doubledMetricRows: 0,
  changedMetricRows: 0,
};

const module = (name: string) => new URL(`./${name}.ts`, import.meta.url).href;
let reference: Evidence;
let world: World;

async function finish(experimentId: string): Promise<Evidence> {
  const experiment = await world.ended(experimentId);
  expect(experiment.statusReason).toBeNull();
  expect(experiment.status).toBe('succeeded');
  return await gather(world.client, experimentId);
}

/** Resolves at the n-th point of that kind. */
function waitForPoint(operation: Point['operation'], phase: Point['phase'], count = 1) {
  const reached = Promise.withResolvers<void>();
  let seen = 0;
  return {
    reached: reached.promise,
    onPoint: async (point: Point) => {
      if (point.operation !== operation || point.phase !== phase) return;
      seen += 1;
      if (seen === count) reached.resolve();
    },
  };
}

beforeAll(async () => {
  world = await createWorld();
  const id = await world.submit();
  await world.run('undisturbed');
  reference = await finish(id);
  await world.close();
});

afterEach(async () => {
  await world.close();
});

it('a runner frozen for twice its lease loses the task to another, and nothing it says afterwards counts', async () => {
  let offset = 0;
  world = await createWorld({ clockOffset: () => offset });
  const id = await world.submit();
  const { reached, onPoint } = waitForPoint('checkpoint', 'passed-on', 2);
  const frozen = await world.run('frozen', { onPoint });
  await reached;
  frozen.kill('SIGSTOP');
  offset = 2 * LEASE_MILLISECONDS;
  await world.run('other');
  const experiment = await world.ended(id);
  frozen.kill('SIGCONT');
  expect(compareEvidence(reference, await finish(id))).toEqual(clean);
  const tasks = experiment.stages.flatMap((stage) => stage.tasks);
  const failures = await Promise.all(
    tasks.map(async (task) => (await world.client.getTask({ parameters: { taskId: task.id } })).failures),
  );
  expect(failures.flat()).toMatchObject([{ code: 'lease-expired', retried: true }]);
});

it('a runner five minutes ahead, left with connections on which nothing comes back, asks again; nothing counts twice', async () => {
  world = await createWorld();
  const id = await world.submit();
  const silent = new Set<string>();
  /** The first of each: once before the edge has seen it, once after it has acted. */
  const onPoint = async ({ operation, phase }: Point) => {
    const key = `${operation} ${phase}`;
    if (operation === 'claim' || (phase !== 'asked' && phase !== 'answered') || silent.has(key)) return;
    silent.add(key);
    await new Promise(() => {});
  };
  await world.run('half-open', { onPoint, preload: [module('short-time-outs'), module('clock-ahead')] });
  expect(compareEvidence(reference, await finish(id))).toEqual(clean);
  expect([...silent].sort()).toContain('complete answered');
  expect(silent.size).toBeGreaterThanOrEqual(10);
});

it('a runner five minutes behind goes on when an edge whose disk was full has room, and when the edge was restarted', async () => {
  const disk = { refusals: 0 };
  const filling = (real: Blobs): Blobs => ({
    put: async (...given) => {
      if (disk.refusals === 0) return await real.put(...given);
      disk.refusals -= 1;
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    },
    get: (...given) => real.get(...given),
    size: (...given) => real.size(...given),
    delete: (...given) => real.delete(...given),
  });
  world = await createWorld({ blobs: filling });
  const id = await world.submit();
  disk.refusals = 3;
  const { reached, onPoint } = waitForPoint('checkpoint', 'answered', 3);
  await world.run('late', { onPoint, preload: [module('clock-behind')] });
  await reached;
  await world.restart();
  expect(compareEvidence(reference, await finish(id))).toEqual(clean);
  expect(disk.refusals).toBe(0);
  expect(world.log('late')).toMatch(/507 .*disk is full; free space/);
});
