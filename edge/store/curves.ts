/** Queries on metric curves and samples. */
import { z } from 'zod';
import type { Database } from './database.ts';
import { thinBuckets, thinPoints, windowOf, type MetricPoint } from './metric-chunks.ts';
import { readCursor, toPage, type PageRequest } from './page.ts';
import { raw, rows } from './raw.ts';
import type { MetricBucket } from './schema/observations.ts';

const LAST_WINDOW = windowOf(Number.MAX_SAFE_INTEGER);

export async function listTaskMetrics(database: Database, taskId: string) {
  return await rows<{ name: string; points: number; minimum: number; maximum: number }>(
    raw(
      database,
      `SELECT c.name, sum(c.count) AS points,
         min((SELECT min(b.value ->> 'minimum') FROM json_each(c.buckets) b)) AS minimum,
         max((SELECT max(b.value ->> 'maximum') FROM json_each(c.buckets) b)) AS maximum
       FROM metric_chunks c WHERE c.task_id = ? GROUP BY c.name`,
      taskId,
    ),
  );
}

export interface CurveRequest {
  readonly taskId: string;
  readonly name: string;
  readonly maximumPoints: number;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** A curve of at most `maximumPoints` points; drawn from the chunks' buckets where those are enough. */
export async function readCurve(database: Database, request: CurveRequest) {
  const { taskId, name, maximumPoints, from = 0, to = Number.MAX_SAFE_INTEGER } = request;
  const where = `task_id = ? AND name = ? AND "window" BETWEEN ? AND ?`;
  const values = [taskId, name, windowOf(from), Math.min(windowOf(to), LAST_WINDOW)] as const;
  const [size] = await rows<{ points: number; buckets: number }>(
    raw(
      database,
      `SELECT coalesce(sum(count), 0) AS points, coalesce(sum((count + 63) / 64), 0) AS buckets
       FROM metric_chunks WHERE ${where}`,
      ...values,
    ),
  );
  const within = ([step]: MetricPoint) => step >= from && step <= to;
  if ((size?.buckets ?? 0) * 2 >= maximumPoints && from === 0 && to === Number.MAX_SAFE_INTEGER) {
    const found = await rows<{ buckets: string }>(
      raw(database, `SELECT buckets FROM metric_chunks WHERE ${where} ORDER BY "window"`, ...values),
    );
    const buckets = found.flatMap((row) => JSON.parse(row.buckets) as MetricBucket[]);
    const total = size?.points ?? 0;
    return { name, total, thinned: true, points: thinBuckets(buckets, maximumPoints) };
  }
  const found = await rows<{ points: string }>(
    raw(database, `SELECT points FROM metric_chunks WHERE ${where} ORDER BY "window"`, ...values),
  );
  const points = found.flatMap((row) => JSON.parse(row.points) as MetricPoint[]).filter(within);
  const thin = thinPoints(points, maximumPoints);
  return { name, total: points.length, thinned: thin.length < points.length, points: thin };
}

interface SampleRow {
  readonly step: number;
  readonly row: number;
  readonly promptId: string;
  readonly prompt: string;
  readonly response: string;
  readonly score: number | null;
  readonly detail: string | null;
  readonly createdAt: number;
}

/** The latest step first; within a step by row. */
export async function listSamples(database: Database, taskId: string, page: PageRequest) {
  const before = readCursor(page, z.tuple([z.int(), z.int()]));
  const found = await rows<SampleRow>(
    raw(
      database,
      `SELECT step, row, prompt_id AS promptId, prompt, response, score, detail, created_at AS createdAt
       FROM samples WHERE task_id = ? ${before ? 'AND (step, row) < (?, ?)' : ''}
       ORDER BY step DESC, row DESC LIMIT ?`,
      taskId,
      ...(before ?? []),
      page.limit + 1,
    ),
  );
  const { items, nextCursor } = toPage(found, page, (row) => [row.step, row.row]);
  return {
    nextCursor,
    items: items.map(({ detail, ...row }) =>
      Object.assign(row, {
        detail: detail === null ? null : (JSON.parse(detail) as Record<string, unknown>),
      }),
    ),
  };
}
