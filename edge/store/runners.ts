/** Queries on runners: who is alive, and what each does since when. */
import type { TaskKind } from '../../shared/api/tasks/kinds.ts';
import { z } from 'zod';
import type { Fleet } from '../domain/waiting.ts';
import type { Database } from './database.ts';
import { readCursor, toPage, type PageRequest } from './page.ts';
import { raw, rows } from './raw.ts';

/** A runner that was silent for longer than this is taken for gone: heartbeats and claims come every 10 s. */
export const SILENCE_MILLISECONDS = 45_000;

/** Whether runner `r` computes on a GPU: the device's kind is what its engine uses. */
export const HAS_GPU = `r.device ->> 'kind' = 'cuda'`;

export interface RunnerView {
  readonly id: string;
  readonly name: string;
  readonly engineVersion: string;
  readonly device: Record<string, unknown>;
  readonly status: 'live' | 'gone';
  readonly createdAt: number;
  readonly seenAt: number;
  readonly task: {
    readonly id: string;
    readonly kind: TaskKind;
    readonly experimentId: string;
    readonly stage: string;
    readonly since: number;
  } | null;
}

type Row = Omit<RunnerView, 'device' | 'status' | 'task'> & { device: string; task: string | null };

const COLUMNS = `r.id, r.name, r.engine_version AS engineVersion, r.device, r.created_at AS createdAt,
  r.seen_at AS seenAt, (SELECT json_object('id', t.id, 'kind', t.kind, 'experimentId', t.experiment_id,
    'stage', t.stage, 'since', t.claimed_at) FROM tasks t WHERE t.lease_runner_id = r.id AND t.status = 'leased'
    LIMIT 1) AS task`;

/** The newest first. @param status live: only those that were heard lately; gone: only the others */
export async function listRunners(
  database: Database,
  { status, ...page }: PageRequest & { readonly status?: 'live' | 'gone' | undefined },
  now: number,
) {
  const before = readCursor(page, z.tuple([z.int(), z.string()]));
  const since = now - SILENCE_MILLISECONDS;
  const order = status === undefined ? 'created_at' : 'seen_at';
  const conditions: [sql: string, ...values: (string | number)[]][] = [];
  if (status) conditions.push([status === 'live' ? 'r.seen_at > ?' : 'r.seen_at <= ?', since]);
  if (before) conditions.push([`(r.${order}, r.id) < (?, ?)`, ...before]);
  const where = conditions.length > 0 ? `WHERE ${conditions.map(([sql]) => sql).join(' AND ')}` : '';
  const found = await rows<Row>(
    raw(
      database,
      `SELECT ${COLUMNS} FROM runners r ${where} ORDER BY r.${order} DESC, r.id DESC LIMIT ?`,
      ...conditions.flatMap(([, ...values]) => values),
      page.limit + 1,
    ),
  );
  const { items, nextCursor } = toPage(found, page, (row) => [
    status === undefined ? row.createdAt : row.seenAt,
    row.id,
  ]);
  return {
    nextCursor,
    items: items.map(({ device, task, ...row }): RunnerView =>
      Object.assign(row, {
        device: JSON.parse(device) as Record<string, unknown>,
        status: row.seenAt > since ? ('live' as const) : ('gone' as const),
        task: task === null ? null : (JSON.parse(task) as RunnerView['task']),
      }),
    ),
  };
}

export async function readFleet(database: Database, now: number): Promise<Fleet> {
  const found = await rows<{ engineVersion: string; count: number }>(
    raw(
      database,
      `SELECT engine_version AS engineVersion, count(*) AS count FROM runners WHERE seen_at > ?
       GROUP BY engine_version`,
      now - SILENCE_MILLISECONDS,
    ),
  );
  return { live: new Map(found.map(({ engineVersion, count }) => [engineVersion, count])) };
}
