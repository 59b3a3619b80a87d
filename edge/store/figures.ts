/** The edge's own figures, counted from its tables. */
import { and, gt, lte, sql, type SQL } from 'drizzle-orm';
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core';
import { TASK_KINDS } from '../../shared/api/tasks/kinds.ts';
import { TASK_STATUSES } from '../../shared/api/words.ts';
import type { Database } from './database.ts';
import { SILENCE_MILLISECONDS } from './runners.ts';
import { experiments, hasStatus, launches, runners, tasks } from './schema/index.ts';

interface Value {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Figure {
  readonly name: string;
  readonly help: string;
  readonly kind: 'gauge' | 'counter';
  readonly values: readonly Value[];
}

export async function readFigures(database: Database, now: number): Promise<Figure[]> {
  /** Rows by a column; known values are there even with none. */
  const by = async (
    label: string,
    column: SQLiteColumn,
    known: readonly string[] = [],
    condition?: SQL,
  ): Promise<Value[]> => {
    const counts = await database
      .select({ value: sql<string>`${column}`, count: sql<number>`count(*)` })
      .from(column.table)
      .where(condition)
      .groupBy(column);
    const values = [...new Set([...known, ...counts.map((row) => row.value)])];
    return values.map((value) => ({
      labels: { [label]: value },
      value: counts.find((row) => row.value === value)?.count ?? 0,
    }));
  };
  const one = (value: number): Value[] => [{ labels: {}, value }];
  const isQueued = hasStatus('queued');
  const leased = await database.$count(tasks, hasStatus('leased'));
  const claimable = await database.$count(tasks, and(isQueued, lte(tasks.availableAt, now)));
  const live = await database.$count(runners, gt(runners.seenAt, now - SILENCE_MILLISECONDS));
  const [oldest] = await database
    .select({ createdAt: tasks.createdAt })
    .from(tasks)
    .where(isQueued)
    .orderBy(tasks.id)
    .limit(1);
  return [
    {
      name: 'rlcd_tasks',
      help: 'Tasks by status',
      kind: 'gauge',
      values: await by('status', tasks.status, TASK_STATUSES),
    },
    {
      name: 'rlcd_queued_tasks',
      help: 'Queued tasks by kind',
      kind: 'gauge',
      values: await by('kind', tasks.kind, TASK_KINDS, isQueued),
    },
    {
      name: 'rlcd_experiments',
      help: 'Experiments by status',
      kind: 'gauge',
      values: await by('status', experiments.status),
    },
    { name: 'rlcd_live_runners', help: 'Runners heard lately', kind: 'gauge', values: one(live) },
    {
      name: 'rlcd_wanted_runners',
      help: 'Runners that would have work now: tasks that run, and tasks that may be claimed',
      kind: 'gauge',
      values: one(leased + claimable),
    },
    {
      name: 'rlcd_oldest_queued_task_seconds',
      help: 'Age of the oldest queued task; 0 where none waits',
      kind: 'gauge',
      values: one(oldest ? (now - oldest.createdAt) / 1000 : 0),
    },
    {
      name: 'rlcd_launches_total',
      help: 'Decisions about launches by outcome',
      kind: 'counter',
      values: await by('outcome', launches.outcome),
    },
  ];
}
