/**
 * Claims, heartbeats, ends, cancels, revocations and the collector on one task, over the real store, in every order of their
 * steps: of each pair, and of the threes that share most. Nothing is lost, nothing is done twice, nothing live is collected.
 */
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { DomainError } from '../../../edge/domain/errors.ts';
import { openArtifact } from '../../../edge/store/artifact-bytes.ts';
import { artifactBlob } from '../../../edge/store/artifacts.ts';
import { collect, GRACE_MILLISECONDS } from '../../../edge/store/collect.ts';
import { commit, type Store } from '../../../edge/store/database.ts';
import { endExperiment } from '../../../edge/store/experiments.ts';
import { findKey, revokeKey } from '../../../edge/store/keys.ts';
import { checkpointTask } from '../../../edge/store/leases/checkpoint.ts';
import { claimTask } from '../../../edge/store/leases/claim.ts';
import { completeTask } from '../../../edge/store/leases/complete.ts';
import { reportTask } from '../../../edge/store/leases/report.ts';
import { requeue } from '../../../edge/store/leases/requeue.ts';
import { artifacts, taskOutputs, taskPuts, tasks } from '../../../edge/store/schema/index.ts';
import { bytesOf, everyOrder, type Situation } from '../store/interleavings.ts';
import { identifierOf } from './world.ts';

const ENGINE = 'engine';
const LEASE = 60_000;
/** The lease of the first runner ends at this moment, and what it put is due. */
const NOW = 10 * GRACE_MILLISECONDS;
const [TASK, EXPERIMENT, OLD_KEY, NEW_KEY] = [1, 2, 3, 4].map(identifierOf) as [
  string,
  string,
  string,
  string,
];
const [FIRST_RUNNER, OTHER_RUNNER] = [5, 6].map(identifierOf) as [string, string];
const CONTENT = { state: 'the state', output: 'the output' };
const sha256Of = (content: string) => createHash('sha256').update(content).digest('hex');
const [STATE, OUTPUT] = [sha256Of(CONTENT.state), sha256Of(CONTENT.output)];
const HOLDER = { taskId: TASK, epoch: 1, keyId: OLD_KEY };

/** One task of one experiment, under the lease of the first runner, which has put a state and an output. */
async function leased({ database, blobs }: Store): Promise<void> {
  const insert = `
    INSERT INTO principles (id, name, created_at) VALUES ('p', 'p', 0);
    INSERT INTO principle_versions (id, principle_id, number, definition, created_at)
      VALUES ('v', 'p', 1, '{}', 0);
    INSERT INTO prompt_sets (id, name, split_rule, created_at) VALUES ('s', 's', '{}', 0);
    INSERT INTO base_models (id, name, source, weights_sha256, parameter_count, context_length, configuration, created_at)
      VALUES ('b', 'b', '', '', 1, 1, '{}', 0);
    INSERT INTO experiments (id, name, method, principle_id, principle_version_id, prompt_set_id, base_model_id, seed,
      hyperparameters, shards, status, created_at) VALUES ('${EXPERIMENT}', '', 'rlcd', 'p', 'v', 's', 'b', 0, '{}', 1, 'running', 0);
    INSERT INTO stages (id, experiment_id, position, name, kind, status, plan)
      VALUES ('stage', '${EXPERIMENT}', 0, 'ppo', 'ppo', 'running', '{"parameters": {}, "prompts": null}');
    INSERT INTO tasks (id, content_key, kind, specification, engine_version, experiment_id, stage, status, priority, available_at,
      created_at) VALUES ('${TASK}', 'k', 'ppo', '{"kind": "ppo", "inputs": []}', '${ENGINE}', '${EXPERIMENT}', 'ppo', 'queued', 0, 0, 0);
    INSERT INTO stage_tasks VALUES ('stage', 0, '${TASK}');
    INSERT INTO api_keys (id, name, secret_sha256, scopes, created_at)
      VALUES ('${OLD_KEY}', '', '', '["runner"]', 0), ('${NEW_KEY}', '', '', '["runner"]', 0)`;
  for (const sql of insert.split(';')) await database.$client.prepare(sql).run();
  for (const [sha256, content] of [
    [STATE, CONTENT.state],
    [OUTPUT, CONTENT.output],
  ] as const) {
    const row = {
      sha256,
      bytes: content.length,
      mediaType: 'text/plain',
      kind: 'report' as const,
      createdAt: 0,
    };
    await database.insert(artifacts).values({ ...row, producedByTaskId: TASK, dueAt: NOW - 1 });
    await database.insert(taskPuts).values({ taskId: TASK, sha256 });
    await blobs.put(artifactBlob({ sha256, writing: '' }), Buffer.from(content));
  }
  await claim(FIRST_RUNNER, OLD_KEY, NOW - LEASE)({ database, blobs });
}

const claim =
  (runner: string, keyId: string, now = NOW) =>
  async ({ database }: Store) =>
    await claimTask(
      database,
      {
        claimId: `${runner} ${now}`,
        keyId,
        runner: { id: runner, name: '', engineVersion: ENGINE, device: {} },
        address: '',
      },
      now,
    );

/** Each does what one request, or one round of the schedule, does; a request of the first runner first reads its key. */
const ACTORS = {
  heartbeat: async ({ database }: Store) => {
    await admit(database);
    return await reportTask(database, HOLDER, { epoch: 1, sequence: 1, metrics: [], samples: [] }, NOW - 1);
  },
  checkpoint: async ({ database }: Store) => {
    await admit(database);
    return await checkpointTask(database, HOLDER, { sha256: STATE, step: 1 }, NOW - 1);
  },
  complete: async ({ database }: Store) => {
    await admit(database);
    const completion = { outputs: [{ name: 'adapter', sha256: OUTPUT }], result: {} };
    await completeTask(database, HOLDER, completion, [], NOW - 1);
  },
  expire: async ({ database }: Store) => await requeue(database, 'expired', NOW),
  claim: claim(OTHER_RUNNER, NEW_KEY),
  /** The first runner's id, under the key that it got for the one that is revoked. */
  move: claim(FIRST_RUNNER, NEW_KEY),
  cancel: async ({ database }: Store) =>
    await commit(database, endExperiment(database, EXPERIMENT, 'cancelled', null, NOW)),
  revoke: async ({ database }: Store) => await commit(database, [revokeKey(database, OLD_KEY, NOW)]),
  collect: async (store: Store) => await collect(store, NOW),
} as const;
type Name = keyof typeof ACTORS;

class RevokedError extends Error {}

async function admit(database: Store['database']): Promise<void> {
  if ((await findKey(database, OLD_KEY))?.revokedAt !== null) throw new RevokedError();
}

const REFUSALS: ReadonlySet<string> = new Set(['lease-lost', 'forbidden']);
const RIVALS = new Set<Name>(['expire', 'claim', 'move', 'cancel', 'revoke', 'complete']);
const OF_THE_HOLDER = new Set<Name>(['heartbeat', 'checkpoint', 'complete']);

async function check(names: readonly Name[], { store, ended }: Situation, taken: readonly number[]) {
  const { database } = store;
  const order = `${names.join(' ')}: ${taken.join('')}`;
  const resultOf = (name: Name) => {
    const result = ended[names.indexOf(name)];
    return result?.status === 'fulfilled' ? { value: result.value } : undefined;
  };
  for (const [place, result] of ended.entries()) {
    const name = names[place];
    if (result.status === 'fulfilled' || name === undefined) continue;
    const error: unknown = result.reason;
    const isTold =
      error instanceof RevokedError || (error instanceof DomainError && REFUSALS.has(error.code));
    if (!isTold) throw new Error(`${order}: ${name} failed`, { cause: error });
    // A request of the holder is refused where something took the lease, and an id that moves where nothing did.
    if (name === 'move') continue;
    const met = names.filter((other) => other !== name && RIVALS.has(other));
    expect(met, `${order}: ${name} was refused`).not.toEqual([]);
  }
  // A key that is revoked admits no request that comes later.
  const revoked = names.indexOf('revoke');
  for (const [place, name] of names.entries()) {
    if (revoked < 0 || !OF_THE_HOLDER.has(name) || taken.indexOf(place) < taken.indexOf(revoked)) continue;
    expect(resultOf(name), `${order}: ${name} after the revocation`).toBeUndefined();
  }

  const [task] = await database.select().from(tasks);
  const outputs = await database.select().from(taskOutputs);
  const claimed = (['claim', 'move'] as const).filter((name) => resultOf(name)?.value !== undefined);
  const completed = resultOf('complete') !== undefined;
  // Done once, by one of them: every lease has an epoch of its own, and the end fences off who comes later.
  expect(task?.epoch, order).toBe(1 + claimed.length);
  expect(outputs.length, order).toBe(completed ? 1 : 0);
  expect(task?.status === 'succeeded', order).toBe(completed);
  expect(completed && claimed.length > 0, order).toBe(false);
  const isLost = resultOf('checkpoint') !== undefined && task?.checkpointSha256 !== STATE && !completed;
  expect(isLost, `${order}: the checkpoint`).toBe(false);
  const isTold =
    task?.status === 'cancelled' || (task?.status === 'leased' && task.cancelRequestedAt !== null);
  expect(resultOf('cancel') === undefined || completed || isTold, `${order}: ${task?.status}`).toBe(true);
  await expectLive(store, task, order);

  // Whatever happened, the task ends, and what it ends with is there.
  const later = NOW + 2 * LEASE;
  await requeue(database, 'expired', later);
  const last = await claim(OTHER_RUNNER, NEW_KEY, later)(store);
  expect(last !== undefined, order).toBe(task?.status !== 'succeeded' && !names.includes('cancel'));
  await collect(store, later);
  if (!last) return;
  await completeTask(
    database,
    { taskId: TASK, epoch: last.epoch, keyId: NEW_KEY },
    { outputs: [{ name: 'adapter', sha256: OUTPUT }], result: {} },
    [],
    later,
  );
  const [done] = await database.select().from(tasks);
  expect(done?.status, order).toBe('succeeded');
  await expectLive(store, done, order);
}

/** Everything that the task may still name, or names, is there with its bytes. */
async function expectLive(
  store: Store,
  task: typeof tasks.$inferSelect | undefined,
  order: string,
): Promise<void> {
  const isOpen = task?.status === 'queued' || task?.status === 'leased';
  const named = [
    ...(isOpen || task?.checkpointSha256 === STATE ? [CONTENT.state] : []),
    ...(isOpen || task?.status === 'succeeded' ? [CONTENT.output] : []),
  ];
  for (const content of named) {
    expect(await bytesOf(await openArtifact(store, sha256Of(content))), order).toBe(content);
  }
}

const NAMES = Object.keys(ACTORS) as Name[];
const PAIRS = NAMES.flatMap((one, place) => NAMES.slice(place + 1).map((other) => [one, other] as const));
const THREES = [
  ['complete', 'expire', 'claim'],
  ['complete', 'cancel', 'collect'],
  ['checkpoint', 'expire', 'collect'],
  ['heartbeat', 'expire', 'claim'],
  ['heartbeat', 'revoke', 'move'],
  ['complete', 'revoke', 'move'],
  ['expire', 'claim', 'collect'],
] as const satisfies readonly (readonly Name[])[];

let explored = 0;

it.each([...PAIRS, ...THREES].map((names) => [names.join(', '), names] as const))(
  '%s, in every order',
  { timeout: 300_000 },
  async (_, names) => {
    const actors = names.map((name) => ACTORS[name]);
    const orders = await everyOrder(leased, actors, async (...met) => await check(names, ...met));
    expect(orders).toBeGreaterThan(1);
    explored += orders;
  },
);

it('were thousands of orders', () => {
  console.log(`every order: ${explored} of ${PAIRS.length} pairs and ${THREES.length} threes`);
  expect(explored).toBeGreaterThan(1000);
});
