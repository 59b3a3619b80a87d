/** Report: keeps the lease and applies one batch of progress, metrics and samples exactly once. */
import { and, eq, sql, type SQL } from 'drizzle-orm';
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core';
import type { Heartbeat } from '../../../shared/api/tasks.ts';
import { DomainError } from '../../domain/errors.ts';
import { LEASE_MILLISECONDS, type Holder } from '../../domain/lease.ts';
import type { Database, Statement } from '../database.ts';
import { allColumns, given, givenJson, jsonChunks, jsonRows } from '../json-rows.ts';
import { bucketsOf, mergePoints, windowOf, type MetricPoint } from '../metric-chunks.ts';
import { metricChunks, samples, tasks } from '../schema/index.ts';
import { compiled, excluded, prepared } from '../statement.ts';
import { commitUnder, logTaskEvent, requireLease, touchRunner } from './lease.ts';

export interface ReportAnswer {
  readonly leaseUntil: number;
  readonly cancel: boolean;
  /** False where a report with this number was applied before. */
  readonly applied: boolean;
}

const applyReport = compiled<
  Holder & {
    present: number;
    sequence: number;
    leaseUntil: number;
    /** JSON; null: as it was. */
    progress: string | null;
    prompt: number;
    sampled: number;
    scored: number;
    trained: number;
  }
>((database, value) => {
  const more = (column: SQLiteColumn, by: SQL) => sql`${column} + ${by}`;
  return database
    .update(tasks)
    .set({
      // The column is NOT NULL: where another report was first the whole batch has no effect.
      reportSequence: sql`case when ${tasks.reportSequence} = ${value('present')} then ${value('sequence')} end`,
      leaseExpiresAt: value('leaseUntil'),
      progress: sql`coalesce(${value('progress')}, ${tasks.progress})`,
      promptTokens: more(tasks.promptTokens, value('prompt')),
      sampledTokens: more(tasks.sampledTokens, value('sampled')),
      scoredTokens: more(tasks.scoredTokens, value('scored')),
      trainedTokens: more(tasks.trainedTokens, value('trained')),
    })
    .where(eq(tasks.id, value('taskId')));
});

function isOvertaken(error: unknown): boolean {
  return error instanceof Error && /NOT NULL constraint failed: tasks\.report_sequence/.test(error.message);
}

/**
 * Applies a report.
 *
 * Metric points are kept by (task, name, step) and samples by (task, step, row): a resumed run that repeats
 * steps after its checkpoint replaces what is there.
 *
 * @throws DomainError `lease-lost`, or `report-out-of-order` where a report before this one is missing
 */
export async function reportTask(
  database: Database,
  holder: Holder,
  report: Heartbeat,
  now: number,
): Promise<ReportAnswer> {
  const { taskId } = holder;
  const { sequence, progress, tokens } = report;
  // Only another report with the same number can come between the read and the write, so the second round ends.
  for (;;) {
    const lease = await requireLease(database, holder);
    const cancel = lease.cancelRequestedAt !== null;
    if (sequence <= lease.reportSequence) {
      return { leaseUntil: lease.leaseExpiresAt ?? now, cancel, applied: false };
    }
    if (sequence > lease.reportSequence + 1) {
      throw new DomainError(
        'report-out-of-order',
        `Report ${sequence} came before report ${lease.reportSequence + 1}; send that one first`,
      );
    }
    const leaseUntil = now + LEASE_MILLISECONDS;
    const writes = [
      applyReport(database, {
        ...holder,
        present: lease.reportSequence,
        sequence,
        leaseUntil,
        progress: progress ? JSON.stringify(progress) : null,
        prompt: tokens?.prompt ?? 0,
        sampled: tokens?.sampled ?? 0,
        scored: tokens?.scored ?? 0,
        trained: tokens?.trained ?? 0,
      }),
      touchRunner(database, { taskId, now }),
      ...(await metricStatements(database, taskId, report.metrics)),
      ...jsonChunks(report.samples).map((json) => putSamples(database, { taskId, now, json })),
      ...eventStatements(database, taskId, report, now),
    ];
    try {
      await commitUnder(database, holder, writes);
      return { leaseUntil, cancel, applied: true };
    } catch (error) {
      if (!isOvertaken(error)) throw error;
    }
  }
}

const presentChunks = prepared((database) =>
  database
    .select({ name: metricChunks.name, window: metricChunks.window, points: metricChunks.points })
    .from(jsonRows(sql`${sql.placeholder('windows')}`))
    .innerJoin(
      metricChunks,
      and(
        eq(metricChunks.taskId, sql.placeholder('taskId')),
        eq(metricChunks.name, given(0)),
        eq(metricChunks.window, given(1)),
      ),
    )
    .prepare(),
);

const putChunks = compiled<{ taskId: string; json: string }>((database, value) =>
  database
    .insert(metricChunks)
    .select(
      database
        .select(
          allColumns(metricChunks, {
            taskId: value('taskId'),
            name: given('name'),
            window: given('window'),
            count: given('count'),
            buckets: givenJson('buckets'),
            points: givenJson('points'),
          }),
        )
        .from(jsonRows(value('json')))
        .where(sql`true`),
    )
    .onConflictDoUpdate({
      target: [metricChunks.taskId, metricChunks.name, metricChunks.window],
      set: {
        count: excluded(metricChunks.count),
        buckets: excluded(metricChunks.buckets),
        points: excluded(metricChunks.points),
      },
    }),
);

const putSamples = compiled<{ taskId: string; now: number; json: string }>((database, value) =>
  database
    .insert(samples)
    .select(
      database
        .select(
          allColumns(samples, {
            taskId: value('taskId'),
            step: given('step'),
            row: given('row'),
            promptId: given('promptId'),
            prompt: given('prompt'),
            response: given('response'),
            score: given('score'),
            detail: givenJson('detail'),
            createdAt: value('now'),
          }),
        )
        .from(jsonRows(value('json')))
        .where(sql`true`),
    )
    .onConflictDoUpdate({
      target: [samples.taskId, samples.step, samples.row],
      set: {
        promptId: excluded(samples.promptId),
        prompt: excluded(samples.prompt),
        response: excluded(samples.response),
        score: excluded(samples.score),
        detail: excluded(samples.detail),
      },
    }),
);

/** Reads the windows that the report touches and writes them whole: the fence keeps other writers out between. */
async function metricStatements(
  database: Database,
  taskId: string,
  metrics: Heartbeat['metrics'],
): Promise<Statement[]> {
  if (metrics.length === 0) return [];
  const touched = new Map<string, { name: string; window: number; reported: MetricPoint[] }>();
  for (const { name, step, value } of metrics) {
    const window = windowOf(step);
    const key = `${window} ${name}`;
    const chunk = touched.get(key) ?? { name, window, reported: [] };
    chunk.reported.push([step, value]);
    touched.set(key, chunk);
  }
  const windows = JSON.stringify([...touched.values()].map(({ name, window }) => [name, window]));
  const present = await presentChunks(database).all({ windows, taskId });
  const stored = new Map(present.map(({ name, window, points }) => [`${window} ${name}`, points]));
  const chunks = [...touched].map(([key, { name, window, reported }]) => {
    const points = mergePoints(stored.get(key) ?? [], reported);
    return { name, window, count: points.length, buckets: bucketsOf(points), points };
  });
  return jsonChunks(chunks).map((json) => putChunks(database, { taskId, json }));
}

/** The log holds the newest value of each metric; the points are in their chunks. */
function eventStatements(database: Database, taskId: string, report: Heartbeat, now: number): Statement[] {
  const { progress, metrics, samples: told } = report;
  if (!progress && metrics.length === 0 && told.length === 0) return [];
  const newest = Object.fromEntries(metrics.map(({ name, step, value }) => [name, { step, value }]));
  const data = JSON.stringify({ progress: progress ?? null, metrics: newest, samples: told.length });
  return [logTaskEvent(database, { taskId, kind: 'task-reported', data, now })];
}
