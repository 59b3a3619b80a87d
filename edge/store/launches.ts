/** Queries on launches: the log of decisions, and what decides the next one. */
import { z } from 'zod';
import type { LAUNCH_OUTCOMES } from '../../shared/api/words.ts';
import type { Database } from './database.ts';
import { readCursor, toPage, type PageRequest } from './page.ts';
import { raw, rows, runBatch, type RawStatement } from './raw.ts';
import { SILENCE_MILLISECONDS } from './runners.ts';

export interface LaunchRow {
  readonly id: string;
  readonly launcher: string;
  readonly outcome: (typeof LAUNCH_OUTCOMES)[number];
  readonly reason: string;
  readonly queuedTasks: number;
  readonly liveRunners: number;
  readonly createdAt: number;
  /** The launched runner's first claim; null before it. */
  readonly arrivedAt: number | null;
}

const COLUMNS = `id, launcher, outcome, reason, queued_tasks AS queuedTasks, live_runners AS liveRunners,
  created_at AS createdAt, arrived_at AS arrivedAt`;

/** Enough to know that the last launches all failed. */
const LAUNCHES_READ = 12;

export interface FleetState {
  readonly queuedTasks: number;
  readonly liveRunners: number;
  /** Alive and without a task. */
  readonly idleRunners: number;
  /** Launched, not heard yet, and not given up. */
  readonly startingRunners: number;
  /** The newest first. */
  readonly launches: readonly LaunchRow[];
}

/** @param startMilliseconds how long a launched runner may take to its first claim */
export async function readFleetState(
  database: Database,
  startMilliseconds: number,
  now: number,
): Promise<FleetState> {
  const alive = now - SILENCE_MILLISECONDS;
  const [counts] = await rows<{
    queued: number;
    live: number;
    busy: number;
    starting: number;
  }>(
    raw(
      database,
      `SELECT
         (SELECT count(*) FROM tasks WHERE status = 'queued' AND available_at <= ?) AS queued,
         (SELECT count(*) FROM runners WHERE seen_at > ?) AS live,
         (SELECT count(*) FROM runners r WHERE r.seen_at > ? AND EXISTS (
           SELECT 1 FROM tasks t WHERE t.lease_runner_id = r.id AND t.status = 'leased')) AS busy,
         (SELECT count(*) FROM launches WHERE outcome = 'launched' AND arrived_at IS NULL AND created_at > ?)
           AS starting`,
      now,
      alive,
      alive,
      now - startMilliseconds,
    ),
  );
  const launches = await rows<LaunchRow>(
    raw(database, `SELECT ${COLUMNS} FROM launches ORDER BY id DESC LIMIT ?`, LAUNCHES_READ),
  );
  const { queued = 0, live = 0, busy = 0, starting = 0 } = counts ?? {};
  return {
    queuedTasks: queued,
    liveRunners: live,
    idleRunners: live - busy,
    startingRunners: starting,
    launches,
  };
}

/** The launched runner has claimed for the first time; a launch that is not in the log is nobody's. */
export function markArrived(
  database: Database,
  launchId: string,
  runner: { readonly id: string; readonly keyId: string },
  now: number,
): RawStatement {
  return raw(
    database,
    `UPDATE launches SET arrived_at = ? WHERE id = ? AND arrived_at IS NULL
     AND EXISTS (SELECT 1 FROM runners WHERE id = ? AND key_id = ?)`,
    now,
    launchId,
    runner.id,
    runner.keyId,
  );
}

/**
 * Writes a decision down, if no other one was written since `newest`.
 *
 * @param newest id of the newest launch that the decision knew of
 * @returns whether it was written: only then may the launcher be asked
 */
export async function insertLaunch(
  database: Database,
  launch: LaunchRow,
  newest: string | undefined,
): Promise<boolean> {
  const [written] = await runBatch(database, [
    raw(
      database,
      `INSERT INTO launches (id, launcher, outcome, reason, queued_tasks, live_runners, created_at)
       SELECT ?, ?, ?, ?, ?, ?, ? WHERE coalesce((SELECT id FROM launches ORDER BY id DESC LIMIT 1), '') = ?
       RETURNING id`,
      launch.id,
      launch.launcher,
      launch.outcome,
      launch.reason,
      launch.queuedTasks,
      launch.liveRunners,
      launch.createdAt,
      newest ?? '',
    ),
  ]);
  return (written ?? []).length > 0;
}

export async function setLaunchOutcome(
  database: Database,
  id: string,
  { outcome, reason }: Pick<LaunchRow, 'outcome' | 'reason'>,
): Promise<void> {
  await runBatch(database, [
    raw(database, 'UPDATE launches SET outcome = ?, reason = ? WHERE id = ?', outcome, reason, id),
  ]);
}

export async function listLaunches(
  database: Database,
  { outcome, ...page }: PageRequest & { readonly outcome?: string | undefined },
) {
  const before = readCursor(page, z.string());
  const given = [
    ['outcome = ?', outcome],
    ['id < ?', before],
  ].filter((filter): filter is [string, string] => filter[1] !== undefined);
  const where = given.length > 0 ? `WHERE ${given.map(([sql]) => sql).join(' AND ')}` : '';
  const found = await rows<LaunchRow>(
    raw(
      database,
      `SELECT ${COLUMNS} FROM launches ${where} ORDER BY id DESC LIMIT ?`,
      ...given.map(([, value]) => value),
      page.limit + 1,
    ),
  );
  return toPage(found, page, (row) => row.id);
}
