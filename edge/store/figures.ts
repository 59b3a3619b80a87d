/** The edge's own figures, counted from its tables. */
import { TASK_KINDS } from '../../shared/api/tasks/kinds.ts';
import { TASK_STATUSES } from '../../shared/api/words.ts';
import type { Database } from './database.ts';
import { raw, rows } from './raw.ts';
import { SILENCE_MILLISECONDS } from './runners.ts';

export interface Figure {
  readonly name: string;
  readonly help: string;
  readonly kind: 'gauge' | 'counter';
  readonly values: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
}

interface Count {
  readonly label: string;
  readonly count: number;
}

export async function readFigures(database: Database, now: number): Promise<Figure[]> {
  const count = async (sql: string, ...values: (string | number)[]) =>
    await rows<Count>(raw(database, sql, ...values));
  const by = (label: string, counts: readonly Count[], known: readonly string[] = []) => {
    const labels = [...new Set([...known, ...counts.map((row) => row.label)])];
    return labels.map((value) => ({
      labels: { [label]: value },
      value: counts.find((row) => row.label === value)?.count ?? 0,
    }));
  };
  const tasks = await count('SELECT status AS label, count(*) AS count FROM tasks GROUP BY status');
  const kinds = await count(
    `SELECT kind AS label, count(*) AS count FROM tasks WHERE status = 'queued' GROUP BY kind`,
  );
  const experiments = await count(
    'SELECT status AS label, count(*) AS count FROM experiments GROUP BY status',
  );
  const runners = await count(
    `SELECT '' AS label, count(*) AS count FROM runners WHERE seen_at > ?`,
    now - SILENCE_MILLISECONDS,
  );
  const wanted = await count(
    `SELECT '' AS label, (SELECT count(*) FROM tasks WHERE status = 'leased')
       + (SELECT count(*) FROM tasks WHERE status = 'queued' AND available_at <= ?) AS count`,
    now,
  );
  const launches = await count('SELECT outcome AS label, count(*) AS count FROM launches GROUP BY outcome');
  const oldest = await rows<{ createdAt: number }>(
    raw(database, `SELECT created_at AS createdAt FROM tasks WHERE status = 'queued' ORDER BY id LIMIT 1`),
  );
  return [
    {
      name: 'rlcd_tasks',
      help: 'Tasks by status',
      kind: 'gauge',
      values: by('status', tasks, TASK_STATUSES),
    },
    {
      name: 'rlcd_queued_tasks',
      help: 'Queued tasks by kind',
      kind: 'gauge',
      values: by('kind', kinds, TASK_KINDS),
    },
    {
      name: 'rlcd_experiments',
      help: 'Experiments by status',
      kind: 'gauge',
      values: by('status', experiments),
    },
    {
      name: 'rlcd_live_runners',
      help: 'Runners heard lately',
      kind: 'gauge',
      values: [{ labels: {}, value: runners[0]?.count ?? 0 }],
    },
    {
      name: 'rlcd_wanted_runners',
      help: 'Runners that would have work now: tasks that run, and tasks that may be claimed',
      kind: 'gauge',
      values: [{ labels: {}, value: wanted[0]?.count ?? 0 }],
    },
    {
      name: 'rlcd_oldest_queued_task_seconds',
      help: 'Age of the oldest queued task; 0 where none waits',
      kind: 'gauge',
      values: [{ labels: {}, value: oldest[0] ? (now - oldest[0].createdAt) / 1000 : 0 }],
    },
    {
      name: 'rlcd_launches_total',
      help: 'Decisions about launches by outcome',
      kind: 'counter',
      values: by('outcome', launches),
    },
  ];
}
