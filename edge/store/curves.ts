/** Queries on metric curves and samples. */
import { and, between, desc, eq, sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Database } from './database.ts';
import { thinBuckets, thinPoints, windowOf, type MetricPoint } from './metric-chunks.ts';
import { readCursor, toPage, type PageRequest } from './page.ts';
import { metricChunks, samples } from './schema/index.ts';
import { prepared } from './statement.ts';

const LAST_WINDOW = windowOf(Number.MAX_SAFE_INTEGER);

const extreme = (function_: 'min' | 'max', field: 'minimum' | 'maximum') =>
  sql<number>`${sql.raw(function_)}((select ${sql.raw(function_)}(b.value ->> ${sql.raw(`'${field}'`)})
    from json_each(${metricChunks.buckets}) b))`;

const metricsOfTask = prepared((database) =>
  database
    .select({
      name: metricChunks.name,
      points: sql<number>`sum(${metricChunks.count})`,
      minimum: extreme('min', 'minimum'),
      maximum: extreme('max', 'maximum'),
    })
    .from(metricChunks)
    .where(eq(metricChunks.taskId, sql.placeholder('taskId')))
    .groupBy(metricChunks.name)
    .prepare(),
);

export async function listTaskMetrics(database: Database, taskId: string) {
  return await metricsOfTask(database).all({ taskId });
}

export interface CurveRequest {
  readonly taskId: string;
  readonly name: string;
  readonly maximumPoints: number;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

const inWindows = and(
  eq(metricChunks.taskId, sql.placeholder('taskId')),
  eq(metricChunks.name, sql.placeholder('name')),
  between(metricChunks.window, sql.placeholder('first'), sql.placeholder('last')),
);
const sizeOfCurve = prepared((database) =>
  database
    .select({
      points: sql<number>`coalesce(sum(${metricChunks.count}), 0)`,
      buckets: sql<number>`coalesce(sum((${metricChunks.count} + 63) / 64), 0)`,
    })
    .from(metricChunks)
    .where(inWindows)
    .prepare(),
);
const bucketsOfCurve = prepared((database) =>
  database
    .select({ buckets: metricChunks.buckets })
    .from(metricChunks)
    .where(inWindows)
    .orderBy(metricChunks.window)
    .prepare(),
);
const pointsOfCurve = prepared((database) =>
  database
    .select({ points: metricChunks.points })
    .from(metricChunks)
    .where(inWindows)
    .orderBy(metricChunks.window)
    .prepare(),
);

/** A curve of at most `maximumPoints` points; drawn from the chunks' buckets where those are enough. */
export async function readCurve(database: Database, request: CurveRequest) {
  const { taskId, name, maximumPoints, from = 0, to = Number.MAX_SAFE_INTEGER } = request;
  const windows = { taskId, name, first: windowOf(from), last: Math.min(windowOf(to), LAST_WINDOW) };
  const size = await sizeOfCurve(database).get(windows);
  const within = ([step]: MetricPoint) => step >= from && step <= to;
  if ((size?.buckets ?? 0) * 2 >= maximumPoints && from === 0 && to === Number.MAX_SAFE_INTEGER) {
    const buckets = (await bucketsOfCurve(database).all(windows)).flatMap((row) => row.buckets);
    const total = size?.points ?? 0;
    return { name, total, thinned: true, points: thinBuckets(buckets, maximumPoints) };
  }
  const points = (await pointsOfCurve(database).all(windows)).flatMap((row) => row.points).filter(within);
  const thin = thinPoints(points, maximumPoints);
  return { name, total: points.length, thinned: thin.length < points.length, points: thin };
}

/** The latest step first; within a step by row. */
export async function listSamples(database: Database, taskId: string, page: PageRequest) {
  const before = readCursor(page, z.tuple([z.int(), z.int()]));
  const found = await database
    .select()
    .from(samples)
    .where(
      and(
        eq(samples.taskId, taskId),
        before && sql`(${samples.step}, ${samples.row}) < (${before[0]}, ${before[1]})`,
      ),
    )
    .orderBy(desc(samples.step), desc(samples.row))
    .limit(page.limit + 1);
  return toPage(found, page, (row) => [row.step, row.row]);
}
