/**
 * Claims, heartbeats, ends, cancels, revocations and the collector on one task, over the real store, in every order of their
 * steps: of each pair, and of the threes that share most; and uploads of its runner beside what ends its lease. Nothing is
 * lost, nothing is done twice, nothing live is collected, no bytes lie about that nothing names.
 */
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { DomainError } from '../../../edge/domain/errors.ts';
import { NO_QUOTAS } from '../../../edge/store/quotas.ts';
import type { Dependencies } from '../../../edge/http/dependencies.ts';
import type { UploadCall } from '../../../edge/http/handler.ts';
import { StreamedBody } from '../../../edge/http/streamed-body.ts';
import { keyHandlers } from '../../../edge/routes/keys.ts';
import { uploadHandlers } from '../../../edge/routes/uploads.ts';
import { openArtifact } from '../../../edge/store/artifact-bytes.ts';
import { artifactBlob } from '../../../edge/store/artifacts.ts';
import { collect, GRACE_MILLISECONDS } from '../../../edge/store/collect.ts';
import { commit, isLostRace, type Store } from '../../../edge/store/database.ts';
import { endExperiment } from '../../../edge/store/experiments.ts';
import { findKey, hasAdministrator, revokeKey } from '../../../edge/store/keys.ts';
import { KnownKeys } from '../../../edge/store/known-keys.ts';
import { checkpointTask } from '../../../edge/store/leases/checkpoint.ts';
import { claimTask } from '../../../edge/store/leases/claim.ts';
import { completeTask } from '../../../edge/store/leases/complete.ts';
import { reportTask } from '../../../edge/store/leases/report.ts';
import { requeue } from '../../../edge/store/leases/requeue.ts';
import {
  artifacts,
  taskOutputs,
  taskPuts,
  tasks,
  unusedBlobs,
  uploadParts,
  uploads,
} from '../../../edge/store/schema/index.ts';
import { findUpload, listParts, partBlob, writePart } from '../../../edge/store/uploads.ts';
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
const [ADMINISTRATOR, SECOND_ADMINISTRATOR] = [7, 8].map(identifierOf) as [string, string];
/** One that waits for its part, and one whose parts are there. */
const [OPEN_UPLOAD, WHOLE_UPLOAD] = [9, 10].map(identifierOf) as [string, string];
const CONTENT = {
  state: 'the state',
  output: 'the output',
  part: 'one part',
  again: 'other it',
  whole: 'whole',
};
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
      VALUES ('${OLD_KEY}', '', '', '["runner"]', 0), ('${NEW_KEY}', '', '', '["runner"]', 0),
      ('${ADMINISTRATOR}', '', '', '["admin"]', 0), ('${SECOND_ADMINISTRATOR}', '', '', '["admin"]', 0)`;
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
  for (const [id, content] of [
    [OPEN_UPLOAD, CONTENT.part],
    [WHOLE_UPLOAD, CONTENT.whole],
  ] as const) {
    const description = { sha256: sha256Of(content), mediaType: 'text/plain', kind: 'report' as const };
    const lease = { producedByTaskId: TASK, epoch: 1, keyId: OLD_KEY };
    await database
      .insert(uploads)
      .values({ id, bytes: content.length, ...description, ...lease, createdAt: 0 });
  }
  const part = { uploadId: WHOLE_UPLOAD, number: 1, writing: 'before' };
  const described = { bytes: CONTENT.whole.length, etag: sha256Of(CONTENT.whole) };
  await database.insert(uploadParts).values({ ...part, ...described });
  await blobs.put(partBlob(part), Buffer.from(CONTENT.whole));
  await refuseUnfenced(database);
}

/** A referee inside the database: what is written for the first lease is written while it lasts, whatever the store says. */
async function refuseUnfenced({ $client }: Store['database']): Promise<void> {
  const isHeld = `EXISTS (SELECT 1 FROM tasks WHERE id = '${TASK}' AND status = 'leased' AND epoch = 1 AND lease_key_id = '${OLD_KEY}')`;
  for (const [name, event] of [
    ['part', 'INSERT ON upload_parts WHEN'],
    ['whole', 'UPDATE OF completed_at ON uploads WHEN'],
    // The fence itself is a row without a task.
    ['put', 'INSERT ON task_puts WHEN NEW.task_id IS NOT NULL AND'],
  ] as const) {
    const trigger = `CREATE TRIGGER unfenced_${name} BEFORE ${event} NOT ${isHeld}
      BEGIN SELECT RAISE(ABORT, 'written after the lease: ${name}'); END`;
    await $client.prepare(trigger).run();
  }
}

/** What the handlers take of a request of the first runner. */
function callOf(content: string): UploadCall {
  const source = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(Buffer.from(content));
      controller.close();
    },
  });
  const principal = {
    keyId: OLD_KEY,
    name: '',
    scopes: ['runner' as const],
    quotas: NO_QUOTAS,
    secretSha256: '',
  };
  return {
    principal,
    createdBy: { id: OLD_KEY, name: '' },
    now: NOW - 1,
    address: () => '',
    request: new Request('http://edge.test'),
    upload: new StreamedBody(source, 1000),
  };
}

const uploadOf = (store: Store) => uploadHandlers(store as Dependencies);

const putPart = (content: string) => async (store: Store) => {
  await admit(store.database);
  const parameters = { uploadId: OPEN_UPLOAD, partNumber: '1' };
  await uploadOf(store).putUploadPart({ parameters, query: undefined, body: undefined }, callOf(content));
};

/** As a request does it: looked at again where another was first. */
const revokeBy =
  (by: string, keyId: string) =>
  async ({ database }: Store) => {
    const known = new KnownKeys(database, () => NOW);
    const handlers = keyHandlers({ database } as Dependencies, known);
    for (;;) {
      await admit(database, by);
      const input = { parameters: { keyId }, query: undefined, body: undefined };
      const { writes = [] } = await handlers.revokeKey(input, callOf(''));
      try {
        await commit(database, writes);
        return;
      } catch (error) {
        if (!isLostRace(error)) throw error;
      }
    }
  };

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
  part: putPart(CONTENT.part),
  /** The same part once more, with other bytes; from where its lease was looked at, so that the orders stay few. */
  again: async (store: Store) => {
    const { upload: body, principal } = callOf(CONTENT.again);
    const description = {
      sha256: '',
      mediaType: '',
      kind: 'report' as const,
      producedByTaskId: TASK,
      epoch: 1,
    };
    const times = { createdAt: 0, completedAt: null };
    const upload = { id: OPEN_UPLOAD, bytes: CONTENT.part.length, keyId: OLD_KEY, ...description, ...times };
    const part = { upload, number: 1, content: body.chunks(), read: () => body, holder: HOLDER };
    await writePart(store, { ...part, quotas: principal.quotas }, NOW - 1);
  },
  whole: async (store: Store) => {
    await admit(store.database);
    const parameters = { uploadId: WHOLE_UPLOAD };
    await uploadOf(store).completeUpload({ parameters, query: undefined, body: undefined }, callOf(''));
  },
  revokeAlso: revokeBy(SECOND_ADMINISTRATOR, OLD_KEY),
  revokeFirst: revokeBy(SECOND_ADMINISTRATOR, ADMINISTRATOR),
  revokeSecond: revokeBy(ADMINISTRATOR, SECOND_ADMINISTRATOR),
} as const;
type Name = keyof typeof ACTORS;

class RevokedError extends Error {}

async function admit(database: Store['database'], keyId = OLD_KEY): Promise<void> {
  if ((await findKey(database, keyId))?.revokedAt !== null) throw new RevokedError();
}

const REFUSALS: ReadonlySet<string> = new Set(['lease-lost', 'forbidden']);
/** The key of the last administrator is not revoked. */
const isLast = (name: Name, { code }: DomainError) =>
  (name === 'revokeFirst' || name === 'revokeSecond') && code === 'conflict';
const RIVALS = new Set<Name>([
  'expire',
  'claim',
  'move',
  'cancel',
  'revoke',
  'revokeAlso',
  'revokeFirst',
  'revokeSecond',
  'complete',
]);
const OF_THE_HOLDER = new Set<Name>(['heartbeat', 'checkpoint', 'complete', 'part', 'whole']);

async function check(names: readonly Name[], situation: Situation, taken: readonly number[]) {
  const { store, ended } = situation;
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
      error instanceof RevokedError ||
      (error instanceof DomainError && (REFUSALS.has(error.code) || isLast(name, error)));
    if (!isTold) throw new Error(`${order}: ${name} failed`, { cause: error });
    // A request of the holder is refused where something took the lease, and an id that moves where nothing did.
    if (name === 'move') continue;
    const met = names.filter((other) => other !== name && RIVALS.has(other));
    expect(met, `${order}: ${name} was refused`).not.toEqual([]);
  }
  // A key that is revoked admits no request that comes later.
  const revoked = names.indexOf('revoke');
  expect(await hasAdministrator(database), order).toBe(true);
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
  await expectUploads(names, situation, (name) => resultOf(name) !== undefined, order);

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

/** What was answered is recorded, with its bytes; what was refused left nothing; and every blob has a row or a note. */
async function expectUploads(
  names: readonly Name[],
  { store, blobNames }: Situation,
  isDone: (name: Name) => boolean,
  order: string,
): Promise<void> {
  const { database, blobs } = store;
  const parts = await listParts(database, OPEN_UPLOAD);
  const sent = (['part', 'again'] as const).filter((name) => names.includes(name) && isDone(name));
  expect(parts.length, order).toBe(Math.min(sent.length, 1));
  for (const part of parts) {
    const content = (await bytesOf(await blobs.get(partBlob(part)))) ?? '';
    expect([sha256Of(content), content.length], order).toEqual([part.etag, part.bytes]);
    expect(
      sent.map((name) => CONTENT[name]),
      order,
    ).toContain(content);
  }
  const whole = sha256Of(CONTENT.whole);
  const isWhole = names.includes('whole') && isDone('whole');
  const upload = await findUpload(database, WHOLE_UPLOAD);
  const puts = await database.select().from(taskPuts);
  const isPut = puts.some(({ sha256 }) => sha256 === whole);
  expect(upload?.completedAt !== null, order).toBe(isWhole);
  if (isWhole) {
    expect(await bytesOf(await openArtifact(store, whole)), order).toBe(CONTENT.whole);
    expect(isPut, order).toBe(true);
  }
  const rows = await database.select().from(artifacts);
  const notes = await database.select().from(unusedBlobs);
  const all = await database.select().from(uploadParts);
  const named = new Set([...rows.map(artifactBlob), ...all.map(partBlob), ...notes.map(({ name }) => name)]);
  expect(
    blobNames().filter((name) => !named.has(name)),
    order,
  ).toEqual([]);
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

const LEASED = [
  'heartbeat',
  'checkpoint',
  'complete',
  'expire',
  'claim',
  'move',
  'cancel',
  'revoke',
  'collect',
] as const satisfies readonly Name[];
const PAIRS = [
  ...LEASED.flatMap((one, place) => LEASED.slice(place + 1).map((other) => [one, other] as const)),
  // An upload takes many steps: beside what ends its lease, and what removes bytes.
  ...(['expire', 'claim', 'cancel', 'revoke', 'collect'] as const).map((other) => ['part', other] as const),
  ...(['expire', 'cancel', 'revoke', 'collect'] as const).map((other) => ['whole', other] as const),
  ['part', 'again'],
  ['revokeFirst', 'revokeSecond'],
  ['revoke', 'revokeAlso'],
  ['revokeAlso', 'heartbeat'],
  ['revokeAlso', 'complete'],
  ['revokeAlso', 'move'],
] as const satisfies readonly (readonly Name[])[];
const THREES = [
  ['complete', 'expire', 'claim'],
  ['complete', 'cancel', 'collect'],
  ['checkpoint', 'expire', 'collect'],
  ['heartbeat', 'expire', 'claim'],
  ['heartbeat', 'revoke', 'move'],
  ['complete', 'revoke', 'move'],
  ['expire', 'claim', 'collect'],
  ['revokeFirst', 'revokeSecond', 'revoke'],
] as const satisfies readonly (readonly Name[])[];

let explored = 0;

it.each([...PAIRS, ...THREES].map((names) => [names.join(', '), names as readonly Name[]] as const))(
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
