/** Report: keeps the lease and applies one batch of progress, metrics and samples exactly once. */
import type { Heartbeat } from '../../../shared/api/tasks.ts';
import { DomainError } from '../../domain/errors.ts';
import type { Database } from '../database.ts';
import { bucketsOf, mergePoints, windowOf, type MetricPoint } from '../metric-chunks.ts';
import { jsonChunks, raw, rows, type RawStatement } from '../raw.ts';
import { LEASE_MILLISECONDS, type Holder } from '../../domain/lease.ts';
import { commitFenced, FENCE, logTaskEvent, requireLease, touchRunner } from './lease.ts';

export interface ReportAnswer {
  readonly leaseUntil: number;
  readonly cancel: boolean;
  /** False where a report with this number was applied before. */
  readonly applied: boolean;
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
  // Only another report with the same number can come between the read and the write, so the second round ends.
  for (;;) {
    const lease = await requireLease(database, holder);
    const cancel = lease.cancelRequestedAt !== null;
    if (report.sequence <= lease.reportSequence) {
      return { leaseUntil: lease.leaseExpiresAt ?? now, cancel, applied: false };
    }
    if (report.sequence > lease.reportSequence + 1) {
      throw new DomainError(
        'report-out-of-order',
        `Report ${report.sequence} came before report ${lease.reportSequence + 1}; send that one first`,
      );
    }
    const leaseUntil = now + LEASE_MILLISECONDS;
    const applied = await commitFenced(database, [
      raw(
        database,
        `UPDATE tasks SET ${FENCE.replace('THEN', 'AND report_sequence = ? THEN')}, report_sequence = ?,
           lease_expires_at = ?, progress = coalesce(?, progress), prompt_tokens = prompt_tokens + ?,
           sampled_tokens = sampled_tokens + ?, scored_tokens = scored_tokens + ?,
           trained_tokens = trained_tokens + ? WHERE id = ?`,
        holder.epoch,
        holder.keyId,
        lease.reportSequence,
        report.sequence,
        leaseUntil,
        report.progress ? JSON.stringify(report.progress) : null,
        report.tokens?.prompt ?? 0,
        report.tokens?.sampled ?? 0,
        report.tokens?.scored ?? 0,
        report.tokens?.trained ?? 0,
        holder.taskId,
      ),
      touchRunner(database, holder.taskId, now),
      ...(await metricStatements(database, holder.taskId, report.metrics)),
      ...sampleStatements(database, holder.taskId, report.samples, now),
      ...eventStatements(database, holder.taskId, report, now),
    ]);
    if (applied) return { leaseUntil, cancel, applied: true };
  }
}

/** Reads the windows that the report touches and writes them whole: the fence keeps other writers out between. */
async function metricStatements(
  database: Database,
  taskId: string,
  metrics: Heartbeat['metrics'],
): Promise<RawStatement[]> {
  if (metrics.length === 0) return [];
  const touched = new Map<string, { name: string; window: number; reported: MetricPoint[] }>();
  for (const { name, step, value } of metrics) {
    const window = windowOf(step);
    const key = `${window} ${name}`;
    const chunk = touched.get(key) ?? { name, window, reported: [] };
    chunk.reported.push([step, value]);
    touched.set(key, chunk);
  }
  const present = await rows<{ name: string; window: number; points: string }>(
    raw(
      database,
      `SELECT c.name, c."window", c.points FROM json_each(?) e JOIN metric_chunks c
       ON c.task_id = ? AND c.name = e.value ->> 0 AND c."window" = e.value ->> 1`,
      JSON.stringify([...touched.values()].map(({ name, window }) => [name, window])),
      taskId,
    ),
  );
  const stored = new Map(
    present.map(({ name, window, points }) => [`${window} ${name}`, JSON.parse(points) as MetricPoint[]]),
  );
  const chunks = [...touched].map(([key, { name, window, reported }]) => {
    const points = mergePoints(stored.get(key) ?? [], reported);
    return { name, window, count: points.length, buckets: bucketsOf(points), points };
  });
  return jsonChunks(chunks).map((json) =>
    raw(
      database,
      `INSERT INTO metric_chunks (task_id, name, "window", count, buckets, points)
       SELECT ?, value ->> 'name', value ->> 'window', value ->> 'count', value -> 'buckets', value -> 'points'
       FROM json_each(?) WHERE true
       ON CONFLICT (task_id, name, "window") DO UPDATE SET
         count = excluded.count, buckets = excluded.buckets, points = excluded.points`,
      taskId,
      json,
    ),
  );
}

function sampleStatements(
  database: Database,
  taskId: string,
  samples: Heartbeat['samples'],
  now: number,
): RawStatement[] {
  return jsonChunks(samples).map((json) =>
    raw(
      database,
      `INSERT INTO samples (task_id, step, row, prompt_id, prompt, response, score, detail, created_at)
       SELECT ?, value ->> 'step', value ->> 'row', value ->> 'promptId', value ->> 'prompt',
         value ->> 'response', value ->> 'score', value -> 'detail', ?
       FROM json_each(?) WHERE true
       ON CONFLICT (task_id, step, row) DO UPDATE SET prompt_id = excluded.prompt_id, prompt = excluded.prompt,
         response = excluded.response, score = excluded.score, detail = excluded.detail`,
      taskId,
      now,
      json,
    ),
  );
}

/** The log holds the newest value of each metric; the points are in their chunks. */
function eventStatements(database: Database, taskId: string, report: Heartbeat, now: number): RawStatement[] {
  const { progress, metrics, samples } = report;
  if (!progress && metrics.length === 0 && samples.length === 0) return [];
  const newest = Object.fromEntries(metrics.map(({ name, step, value }) => [name, { step, value }]));
  const data = { progress: progress ?? null, metrics: newest, samples: samples.length };
  return [logTaskEvent(database, taskId, 'task-reported', data, now)];
}
