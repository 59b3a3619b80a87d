/** Claim: one atomic update takes the first queued task, and a repeated claim finds the same lease again. */
import { randomUUID } from 'node:crypto';
import { ProblemError } from '../../problem.ts';
import type { Database } from '../database.ts';
import { markArrived } from '../launches.ts';
import { raw, rows, runBatch, type RawStatement } from '../raw.ts';
import { LEASE_MILLISECONDS } from './lease.ts';
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

const COLUMNS = `id, kind, specification, engine_version AS engineVersion, experiment_id AS experimentId, stage, epoch,
  lease_expires_at AS leaseExpiresAt, checkpoint_sha256 AS checkpointSha256,
  (SELECT bytes FROM artifacts WHERE sha256 = checkpoint_sha256) AS checkpointBytes,
  checkpoint_step AS checkpointStep, checkpoint_epoch AS checkpointEpoch`;

const FIND = `SELECT ${COLUMNS} FROM tasks WHERE claim_key = ? AND status = 'leased' AND lease_key_id = ?`;

/** Values: runner, claim. */
const HOLDS_ANOTHER = `EXISTS (SELECT 1 FROM tasks WHERE lease_runner_id = ? AND status = 'leased' AND claim_key <> ?)`;

/** What stood before the claim. Values: claim, runner, then those of HOLDS_ANOTHER. */
const BEFORE = `SELECT EXISTS (SELECT 1 FROM tasks WHERE claim_key = ?) AS known,
  (SELECT key_id FROM runners WHERE id = ?) AS ownerKeyId, ${HOLDS_ANOTHER} AS holds`;

const REGISTER = `INSERT INTO runners (id, name, key_id, engine_version, device, created_at, seen_at)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET name = excluded.name, engine_version = excluded.engine_version,
  device = excluded.device, seen_at = excluded.seen_at
WHERE key_id = excluded.key_id`;

const take = (
  kinds: boolean,
) => `UPDATE tasks SET status = 'leased', epoch = epoch + 1, attempts = attempts + 1,
  lease_runner_id = ?, lease_key_id = ?, lease_expires_at = ?, claim_key = ?, claim_token = ?, claimed_at = ?,
  report_sequence = 0, started_at = coalesce(started_at, ?)
WHERE id = (SELECT id FROM tasks WHERE status = 'queued' AND available_at <= ? AND engine_version = ?
    ${kinds ? 'AND kind IN (SELECT value FROM json_each(?))' : ''} ORDER BY priority, id LIMIT 1)
  AND NOT EXISTS (SELECT 1 FROM tasks WHERE claim_key = ?) AND NOT ${HOLDS_ANOTHER}
  AND EXISTS (SELECT 1 FROM runners WHERE id = ? AND key_id = ?)
RETURNING ${COLUMNS}`;
const TAKE = { any: take(false), ofKinds: take(true) };

const BEGIN_EXPERIMENTS = `UPDATE experiments SET status = 'running' WHERE status = 'queued' AND id IN (
  SELECT s.experiment_id FROM tasks t JOIN stage_tasks st ON st.task_id = t.id JOIN stages s ON s.id = st.stage_id
  WHERE t.claim_key = ? AND t.claim_token = ?)`;

const TELL = `INSERT INTO events (experiment_id, task_id, kind, data, created_at)
SELECT DISTINCT s.experiment_id, t.id, 'task-claimed',
  json_object('stage', t.stage, 'kind', t.kind, 'epoch', t.epoch, 'runnerId', t.lease_runner_id), ?
FROM tasks t JOIN stage_tasks st ON st.task_id = t.id JOIN stages s ON s.id = st.stage_id
WHERE t.claim_key = ? AND t.claim_token = ?`;

interface Before {
  readonly known: number;
  readonly ownerKeyId: string | null;
  readonly holds: number;
}

/**
 * Takes the lease of the first queued task that the runner's engine can do: one batch, whose statements hold each
 * other back where the claim is known, the runner is another key's or still holds a task.
 *
 * A runner works on one task at a time: a new claim says that whatever it held before is lost, and that is
 * queued again at once instead of at the lease's end.
 *
 * @returns undefined where nothing waits
 * @throws ProblemError 403 where the runner's id belongs to another key
 */
export async function claimTask(
  database: Database,
  request: ClaimRequest,
  now: number,
): Promise<ClaimedRow | undefined> {
  const { claimId, keyId, runner } = request;
  const results = await runBatch(database, claimStatements(database, request, now));
  const [before] = results[0] as Before[];
  if (before?.known) {
    const [known] = await rows<ClaimedRow>(raw(database, FIND, claimId, keyId));
    return known;
  }
  if (typeof before?.ownerKeyId === 'string' && before.ownerKeyId !== keyId) {
    throw new ProblemError(
      'forbidden',
      `Runner ${runner.id} belongs to another key; start with a new runner id`,
    );
  }
  if (before?.holds) {
    await requeue(database, { runnerId: runner.id, exceptClaim: claimId }, now);
    return await claimTask(database, request, now);
  }
  const [taken] = results[2] as ClaimedRow[];
  return taken;
}

function claimStatements(
  database: Database,
  { claimId, keyId, runner, kinds }: ClaimRequest,
  now: number,
): RawStatement[] {
  const token = randomUUID();
  const { id, name, engineVersion, launchId } = runner;
  return [
    raw(database, BEFORE, claimId, id, id, claimId),
    raw(database, REGISTER, id, name, keyId, engineVersion, JSON.stringify(runner.device), now, now),
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
      claimId,
      id,
      keyId,
    ),
    raw(database, BEGIN_EXPERIMENTS, claimId, token),
    raw(database, TELL, now, claimId, token),
    ...(launchId === undefined ? [] : [markArrived(database, launchId, now)]),
  ];
}
