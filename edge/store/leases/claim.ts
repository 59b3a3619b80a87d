/** Claim: one atomic update takes the first queued task, and a repeated claim finds the same lease again. */
import { randomUUID } from 'node:crypto';
import { and, eq, exists, inArray, isNotNull, lte, ne, notExists, sql } from 'drizzle-orm';
import { DomainError } from '../../domain/errors.ts';
import { LEASE_MILLISECONDS } from '../../domain/lease.ts';
import { commit, type Database } from '../database.ts';
import { keyNameOf } from '../audit.ts';
import { createIdentifier } from '../identifier.ts';
import { allColumns, jsonRows } from '../json-rows.ts';
import { markArrived } from '../launches.ts';
import { qualify } from '../qualify.ts';
import {
  apiKeys,
  artifacts,
  auditRecords,
  events,
  experiments,
  hasStatus,
  runners,
  stages,
  stageTasks,
  tasks,
} from '../schema/index.ts';
import { compiled, excluded, named, prepared, type RowOf, type Value } from '../statement.ts';
import { requeue } from './requeue.ts';

export interface ClaimRequest {
  readonly claimId: string;
  readonly keyId: string;
  readonly runner: {
    readonly id: string;
    readonly name: string;
    readonly engineVersion: string;
    readonly device: Readonly<Record<string, unknown>>;
    /** What launched it, if it was launched. */
    readonly launchId?: string | undefined;
    /** Where it serves models, if it does. */
    readonly serveUrl?: string | undefined;
  };
  readonly kinds?: readonly string[] | undefined;
  /** The runner's network address, for the audit log. */
  readonly address: string;
}

const columnsOf = (database: Database) => ({
  ...named({
    id: tasks.id,
    kind: tasks.kind,
    engineVersion: tasks.engineVersion,
    experimentId: tasks.experimentId,
    stage: tasks.stage,
    epoch: tasks.epoch,
    leaseExpiresAt: tasks.leaseExpiresAt,
    status: tasks.status,
    leaseKeyId: tasks.leaseKeyId,
    checkpointSha256: tasks.checkpointSha256,
    checkpointStep: tasks.checkpointStep,
    checkpointEpoch: tasks.checkpointEpoch,
  }),
  /** JSON of a `TaskSpecification`. */
  specification: sql<string>`${tasks.specification}`.as('specification'),
  checkpointBytes: sql<number | null>`${database
    .select({ bytes: artifacts.bytes })
    .from(artifacts)
    .where(eq(artifacts.sha256, tasks.checkpointSha256))}`.as('checkpointBytes'),
});

const findClaim = prepared((database) =>
  database
    .select(columnsOf(database))
    .from(tasks)
    .where(eq(tasks.claimKey, sql.placeholder('claimId')))
    .prepare(),
);

/** What a claim found. */
export type ClaimedRow = RowOf<typeof findClaim>;

/** Why a claim took nothing. */
const runnerOf = prepared((database) =>
  database
    .select({
      keyId: runners.keyId,
      /** By which it holds another task; null: it holds none. */
      heldBy: sql<string | null>`${database
        .select({ claimKey: tasks.claimKey })
        .from(tasks)
        .where(
          and(
            eq(tasks.leaseRunnerId, sql.placeholder('runnerId')),
            hasStatus('leased'),
            ne(tasks.claimKey, sql.placeholder('claimId')),
          ),
        )
        .limit(1)}`.as('heldBy'),
    })
    .from(runners)
    .where(eq(runners.id, sql.placeholder('runnerId')))
    .prepare(),
);

interface Values {
  readonly claimId: string;
  readonly token: string;
  readonly keyId: string;
  readonly runnerId: string;
  readonly runnerName: string;
  readonly engineVersion: string;
  /** JSON. */
  readonly device: string;
  readonly serveUrl: string | null;
  /** JSON of an array; null: every kind. */
  readonly kinds: string | null;
  readonly leaseUntil: number;
  readonly auditId: string;
  readonly address: string;
  readonly now: number;
}

/** The task that the runner of an outer query holds. */
const leased = (database: Database) =>
  database
    .select({ one: sql`1` })
    .from(tasks)
    .where(and(eq(tasks.leaseRunnerId, qualify(runners.id)), hasStatus('leased')));

/** Whether the key of the runner of an outer query can do nothing any more. */
const isRevoked = (database: Database) =>
  exists(
    database
      .select({ one: sql`1` })
      .from(apiKeys)
      .where(and(eq(apiKeys.id, qualify(runners.keyId)), isNotNull(apiKeys.revokedAt))),
  );

/**
 * Writes the runner down. Its id goes over to another key where nothing is lost by it: the runner holds no task, or the
 * key that it had is revoked. So a machine whose key was replaced goes on under the id of its cache folder.
 */
const register = compiled<Values>((database, value) =>
  database
    .insert(runners)
    .values({
      id: value('runnerId'),
      name: value('runnerName'),
      keyId: value('keyId'),
      engineVersion: value('engineVersion'),
      device: value('device'),
      serveUrl: value('serveUrl'),
      createdAt: value('now'),
      seenAt: value('now'),
    })
    .onConflictDoUpdate({
      target: runners.id,
      set: {
        keyId: excluded(runners.keyId),
        name: excluded(runners.name),
        engineVersion: excluded(runners.engineVersion),
        device: excluded(runners.device),
        serveUrl: excluded(runners.serveUrl),
        seenAt: excluded(runners.seenAt),
      },
      setWhere: sql`${eq(runners.keyId, excluded(runners.keyId))} or ${notExists(leased(database))} or ${isRevoked(database)}`,
    }),
);

const takeOf = (ofKinds: boolean) =>
  compiled<Values>((database, value) => {
    const first = database
      .select({ id: tasks.id })
      .from(tasks)
      .where(
        and(
          hasStatus('queued'),
          lte(tasks.availableAt, value('now')),
          eq(tasks.engineVersion, value('engineVersion')),
          ofKinds
            ? inArray(tasks.kind, sql`(select given.value from ${jsonRows(value('kinds'))})`)
            : undefined,
        ),
      )
      .orderBy(tasks.priority, tasks.id)
      .limit(1);
    const sameClaim = database
      .select({ one: sql`1` })
      .from(tasks)
      .where(eq(tasks.claimKey, value('claimId')));
    const held = database
      .select({ one: sql`1` })
      .from(tasks)
      .where(and(eq(tasks.leaseRunnerId, value('runnerId')), hasStatus('leased')));
    const owned = database
      .select({ one: sql`1` })
      .from(runners)
      .where(and(eq(runners.id, value('runnerId')), eq(runners.keyId, value('keyId'))));
    return database
      .update(tasks)
      .set({
        status: 'leased',
        epoch: sql`${tasks.epoch} + 1`,
        attempts: sql`${tasks.attempts} + 1`,
        leaseRunnerId: value('runnerId'),
        leaseKeyId: value('keyId'),
        leaseExpiresAt: value('leaseUntil'),
        claimKey: value('claimId'),
        claimToken: value('token'),
        claimedAt: value('now'),
        reportSequence: 0,
        startedAt: sql`coalesce(${tasks.startedAt}, ${value('now')})`,
      })
      .where(and(eq(tasks.id, first), notExists(sameClaim), notExists(held), exists(owned)))
      .returning(columnsOf(database));
  });
const TAKE = { any: takeOf(false), ofKinds: takeOf(true) };

/** Only the request that made the claim has its token. */
const claimed = (value: Value<Values>) =>
  and(eq(tasks.claimKey, value('claimId')), eq(tasks.claimToken, value('token')));

const beginExperiments = compiled<Values>((database, value) =>
  database
    .update(experiments)
    .set({ status: 'running' })
    .where(
      and(
        eq(experiments.status, 'queued'),
        inArray(
          experiments.id,
          database
            .select({ id: stages.experimentId })
            .from(tasks)
            .innerJoin(stageTasks, eq(stageTasks.taskId, tasks.id))
            .innerJoin(stages, eq(stages.id, stageTasks.stageId))
            .where(claimed(value)),
        ),
      ),
    ),
);

const tell = compiled<Values>((database, value) =>
  database.insert(events).select(
    database
      .selectDistinct(
        allColumns(events, {
          experimentId: stages.experimentId,
          taskId: tasks.id,
          kind: sql`'task-claimed'`,
          data: sql`json_object('stage', ${tasks.stage}, 'kind', ${tasks.kind}, 'epoch', ${tasks.epoch},
            'runnerId', ${tasks.leaseRunnerId})`,
          createdAt: value('now'),
        }),
      )
      .from(tasks)
      .innerJoin(stageTasks, eq(stageTasks.taskId, tasks.id))
      .innerJoin(stages, eq(stages.id, stageTasks.stageId))
      .where(claimed(value)),
  ),
);

/** In the audit log, if a task was taken: of a claim that is asked for again it stands there already. */
const record = compiled<Values>((database, value) =>
  database.insert(auditRecords).select(
    database
      .select(
        allColumns(auditRecords, {
          id: value('auditId'),
          keyId: value('keyId'),
          keyName: keyNameOf(database, value('keyId')),
          action: sql`'claimTask'`,
          object: sql`'tasks/' || ${tasks.id}`,
          address: value('address'),
          createdAt: value('now'),
        }),
      )
      .from(tasks)
      .where(claimed(value)),
  ),
);

/** Registers the runner and takes a task for it: one transaction, and one round trip to D1. */
async function take(
  database: Database,
  { claimId, keyId, runner, kinds, address }: ClaimRequest,
  now: number,
): Promise<ClaimedRow | undefined> {
  const { id, name, engineVersion, device, launchId, serveUrl = null } = runner;
  const values = {
    claimId,
    token: randomUUID(),
    keyId,
    runnerId: id,
    runnerName: name,
    engineVersion,
    device: JSON.stringify(device),
    serveUrl,
    kinds: kinds ? JSON.stringify(kinds) : null,
    leaseUntil: now + LEASE_MILLISECONDS,
    auditId: createIdentifier(now),
    address,
    now,
  };
  const [, taken] = await commit(database, [
    register(database, values),
    (kinds ? TAKE.ofKinds : TAKE.any)(database, values),
    beginExperiments(database, values),
    tell(database, values),
    record(database, values),
    ...(launchId === undefined ? [] : [markArrived(database, { launchId, runnerId: id, keyId, now })]),
  ]);
  const [row] = (taken ?? []) as ClaimedRow[];
  return row;
}

/** Of ids that tell their time (UUID version 7); of others nobody knows. */
function isOlder(claimId: string, other: string): boolean {
  const tellsTime = (id: string) => id[14] === '7';
  return tellsTime(claimId) && tellsTime(other) && claimId.toLowerCase() < other.toLowerCase();
}

/**
 * Takes the lease of the first queued task that the runner's engine can do.
 *
 * A runner works on one task at a time: a new claim says that whatever it held before is lost, and that is
 * queued again at once instead of at the lease's end. But a claim that was made before the one by which it holds its task
 * is a copy that went astray on the way, and takes nothing from it. What is rare (a repeated claim, a runner that still holds a task
 * or is another key's) keeps the update from taking anything, and is looked for only then.
 *
 * @returns undefined where nothing waits
 * @throws DomainError `forbidden` where the runner's id holds a task under another key
 */
export async function claimTask(
  database: Database,
  request: ClaimRequest,
  now: number,
): Promise<ClaimedRow | undefined> {
  const { claimId, keyId, runner } = request;
  const taken = await take(database, request, now);
  if (taken) return taken;
  const known = await findClaim(database).get({ claimId });
  if (known) return known.status === 'leased' && known.leaseKeyId === keyId ? known : undefined;
  const owner = await runnerOf(database).get({ runnerId: runner.id, claimId });
  if (owner && owner.keyId !== keyId) {
    throw new DomainError(
      'forbidden',
      `Runner ${runner.id} works on a task under another key; start with a new runner id, or wait for the end of its lease`,
    );
  }
  const heldBy = owner?.heldBy ?? null;
  if (heldBy === null || isOlder(claimId, heldBy)) return undefined;
  await requeue(database, { runnerId: runner.id, exceptClaim: claimId }, now);
  return await take(database, request, now);
}
