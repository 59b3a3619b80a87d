/** Claim: one atomic update takes the first queued task, and a repeated claim finds the same lease again. */
import { randomUUID } from 'node:crypto';
import { DomainError } from '../../domain/errors.ts';
import type { Database } from '../database.ts';
import { markArrived } from '../launches.ts';
import { raw, rows, runBatch } from '../raw.ts';
import { LEASE_MILLISECONDS } from '../../domain/lease.ts';
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
  };
  readonly kinds?: readonly string[] | undefined;
}

/** What a claim found; JSON columns as text. */
export interface ClaimedRow {
  readonly id: string;
  readonly kind: string;
  readonly specification: string;
  readonly engineVersion: string;
  readonly experimentId: string;
  readonly stage: string;
  readonly epoch: number;
  readonly leaseExpiresAt: number;
  readonly checkpointSha256: string | null;
  readonly checkpointBytes: number | null;
  readonly checkpointStep: number | null;
  readonly checkpointEpoch: number | null;
}

type FoundRow = ClaimedRow & { readonly status: string; readonly leaseKeyId: string | null };

/** In the words of an update's RETURNING, which knows no alias of the table. */
const COLUMNS = `id, kind, specification, engine_version AS engineVersion, experiment_id AS experimentId, stage, epoch,
  lease_expires_at AS leaseExpiresAt, status, lease_key_id AS leaseKeyId, checkpoint_sha256 AS checkpointSha256,
  (SELECT bytes FROM artifacts WHERE sha256 = checkpoint_sha256) AS checkpointBytes,
  checkpoint_step AS checkpointStep, checkpoint_epoch AS checkpointEpoch`;

const FIND = `SELECT ${COLUMNS} FROM tasks WHERE claim_key = ?`;

/** Why a claim took nothing. Values: runner, runner, claim. */
const WHY = `SELECT (SELECT key_id FROM runners WHERE id = ?) AS ownerKeyId,
  EXISTS (SELECT 1 FROM tasks WHERE lease_runner_id = ? AND status = 'leased' AND claim_key <> ?) AS holds`;

const REGISTER = `INSERT INTO runners (id, name, key_id, engine_version, device, created_at, seen_at)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET name = excluded.name, engine_version = excluded.engine_version,
  device = excluded.device, seen_at = excluded.seen_at
WHERE key_id = excluded.key_id`;

const takeOf = (
  kinds: boolean,
) => `UPDATE tasks SET status = 'leased', epoch = epoch + 1, attempts = attempts + 1,
  lease_runner_id = ?, lease_key_id = ?, lease_expires_at = ?, claim_key = ?, claim_token = ?, claimed_at = ?,
  report_sequence = 0, started_at = coalesce(started_at, ?)
WHERE id = (SELECT id FROM tasks WHERE status = 'queued' AND available_at <= ? AND engine_version = ?
    ${kinds ? 'AND kind IN (SELECT value FROM json_each(?))' : ''} ORDER BY priority, id LIMIT 1)
  AND NOT EXISTS (SELECT 1 FROM tasks WHERE claim_key = ?)
  AND NOT EXISTS (SELECT 1 FROM tasks WHERE lease_runner_id = ? AND status = 'leased')
  AND EXISTS (SELECT 1 FROM runners WHERE id = ? AND key_id = ?)
RETURNING ${COLUMNS}`;
const TAKE = { any: takeOf(false), ofKinds: takeOf(true) };

const BEGIN_EXPERIMENTS = `UPDATE experiments SET status = 'running' WHERE status = 'queued' AND id IN (
  SELECT s.experiment_id FROM tasks t JOIN stage_tasks st ON st.task_id = t.id JOIN stages s ON s.id = st.stage_id
  WHERE t.claim_key = ? AND t.claim_token = ?)`;

const TELL = `INSERT INTO events (experiment_id, task_id, kind, data, created_at)
SELECT DISTINCT s.experiment_id, t.id, 'task-claimed',
  json_object('stage', t.stage, 'kind', t.kind, 'epoch', t.epoch, 'runnerId', t.lease_runner_id), ?
FROM tasks t JOIN stage_tasks st ON st.task_id = t.id JOIN stages s ON s.id = st.stage_id
WHERE t.claim_key = ? AND t.claim_token = ?`;

/** Registers the runner and takes a task for it: one transaction, and one round trip to D1. */
async function take(
  database: Database,
  { claimId, keyId, runner, kinds }: ClaimRequest,
  now: number,
): Promise<ClaimedRow | undefined> {
  const token = randomUUID();
  const { id, name, engineVersion, device, launchId } = runner;
  const [, taken] = await runBatch(database, [
    raw(database, REGISTER, id, name, keyId, engineVersion, JSON.stringify(device), now, now),
    raw(
      database,
      kinds ? TAKE.ofKinds : TAKE.any,
      id,
      keyId,
      now + LEASE_MILLISECONDS,
      claimId,
      token,
      now,
      now,
      now,
      engineVersion,
      ...(kinds ? [JSON.stringify(kinds)] : []),
      claimId,
      id,
      id,
      keyId,
    ),
    raw(database, BEGIN_EXPERIMENTS, claimId, token),
    raw(database, TELL, now, claimId, token),
    ...(launchId === undefined ? [] : [markArrived(database, launchId, { id, keyId }, now)]),
  ]);
  const [row] = (taken ?? []) as FoundRow[];
  return row;
}

/**
 * Takes the lease of the first queued task that the runner's engine can do.
 *
 * A runner works on one task at a time: a new claim says that whatever it held before is lost, and that is
 * queued again at once instead of at the lease's end. What is rare (a repeated claim, a runner that still holds a task
 * or is another key's) keeps the update from taking anything, and is looked for only then.
 *
 * @returns undefined where nothing waits
 * @throws DomainError `forbidden` where the runner's id belongs to another key
 */
export async function claimTask(
  database: Database,
  request: ClaimRequest,
  now: number,
): Promise<ClaimedRow | undefined> {
  const { claimId, keyId, runner } = request;
  const taken = await take(database, request, now);
  if (taken) return taken;
  const [known] = await rows<FoundRow>(raw(database, FIND, claimId));
  if (known) return isHeld(known, keyId) ? known : undefined;
  const [why] = await rows<{ ownerKeyId: string; holds: number }>(
    raw(database, WHY, runner.id, runner.id, claimId),
  );
  if (why && why.ownerKeyId !== keyId) {
    throw new DomainError(
      'forbidden',
      `Runner ${runner.id} belongs to another key; start with a new runner id`,
    );
  }
  if (!why?.holds) return undefined;
  await requeue(database, { runnerId: runner.id, exceptClaim: claimId }, now);
  return await take(database, request, now);
}

function isHeld(row: FoundRow, keyId: string): boolean {
  return row.status === 'leased' && row.leaseKeyId === keyId;
}
