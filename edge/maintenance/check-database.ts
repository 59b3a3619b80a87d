/** The database file itself, and rows that point nowhere. */
import { and, eq } from 'drizzle-orm';
import { taskPuts, tasks } from '../store/schema/index.ts';
import { dropCheckpoint } from '../store/leases/checkpoint.ts';
import type { Finding } from './finding.ts';
import type { OpenFolder } from './folder.ts';

const LINES_OF_SQLITE = 20;

/** SQLite's own look at every page and every index. */
export function checkPages({ client }: OpenFolder): Finding[] {
  const { results } = client.prepare(`PRAGMA integrity_check(${LINES_OF_SQLITE})`).execute();
  return (results as { integrity_check: string }[])
    .map(({ integrity_check: line }) => line)
    .filter((line) => line !== 'ok')
    .map(databaseDamaged);
}

export function databaseDamaged(said: string): Finding {
  return {
    code: 'database-damaged',
    found: `The database file is damaged: ${said}`,
    cure: 'Stop the edge, and restore the last backup into an empty folder (rlcd store restore)',
  };
}

interface Violation {
  readonly table: string;
  readonly rowid: number | null;
  readonly parent: string;
}

/** Rows that refer to rows that are not there; artifacts that tasks name are told by {@link checkNamed}. */
export function checkReferences({ client }: OpenFolder): Finding[] {
  const { results } = client.prepare('PRAGMA foreign_key_check').execute();
  const pairs = new Map<string, number>();
  for (const { table, parent } of results as Violation[]) {
    if (parent === 'artifacts' && (table === 'tasks' || table === 'task_outputs')) continue;
    const pair = `${table} refer to rows of ${parent}`;
    pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
  }
  return [...pairs].map(([pair, count]) => ({
    code: 'broken-reference',
    found: `${count} rows of ${pair} that are not there`,
    cure: 'Restore the last backup into an empty folder (rlcd store restore)',
  }));
}

interface Named {
  readonly taskId: string;
  readonly kind: string;
  readonly status: string;
  readonly experimentId: string;
  readonly role: string;
  readonly step: number | null;
  readonly sha256: string;
}

const NAMED = `
  SELECT tasks.id AS taskId, tasks.kind, status, experiment_id AS experimentId, role, step, named.sha256 AS sha256
  FROM (
    SELECT id AS task, 'checkpoint' AS role, checkpoint_step AS step, checkpoint_sha256 AS sha256 FROM tasks
    UNION ALL
    SELECT id, 'previous checkpoint', previous_checkpoint_step, previous_checkpoint_sha256 FROM tasks
    UNION ALL SELECT id, 'prompts', NULL, specification ->> '$.prompts.sha256' FROM tasks
    UNION ALL SELECT task_id, 'input ' || name, NULL, sha256 FROM task_inputs
    UNION ALL SELECT task_id, 'output ' || name, NULL, sha256 FROM task_outputs
  ) AS named
  JOIN tasks ON tasks.id = named.task
  LEFT JOIN artifacts ON artifacts.sha256 = named.sha256
  WHERE named.sha256 IS NOT NULL AND artifacts.sha256 IS NULL`;

/** Tasks that name artifacts of which there is no row. */
export function checkNamed({ client }: OpenFolder): Finding[] {
  const { results } = client.prepare(NAMED).execute();
  return (results as Named[]).map(({ taskId, kind, status, experimentId, role, step, sha256 }): Finding => {
    const found = `Task ${taskId} (${kind}, ${status}, of experiment ${experimentId}) names artifact ${sha256} as its ${role}, and there is none`;
    const code = 'artifact-missing';
    if (!role.endsWith('checkpoint'))
      return { code, found, cure: 'Put the bytes again, or delete the experiment and make it anew' };
    return {
      code,
      found,
      cure: 'The task goes on from the checkpoint before: --repair drops this one',
      repair: async ({ database }, now) => {
        await forgetCheckpoint(database, { taskId, sha256, step }, now);
        return { did: 'The checkpoint was dropped', isMended: true };
      },
    };
  });
}

/** The task resumes from the other of its checkpoints, or from its beginning. */
export async function forgetCheckpoint(
  database: OpenFolder['database'],
  checkpoint: { readonly taskId: string; readonly sha256: string; readonly step: number | null },
  now: number,
): Promise<void> {
  const nothing = {
    previousCheckpointSha256: null,
    previousCheckpointStep: null,
    previousCheckpointEpoch: null,
  };
  const { taskId, sha256 } = checkpoint;
  const isBefore = and(eq(tasks.id, taskId), eq(tasks.previousCheckpointSha256, sha256));
  await database.update(tasks).set(nothing).where(isBefore);
  await dropCheckpoint(database, checkpoint, now);
  await database.delete(taskPuts).where(and(eq(taskPuts.taskId, taskId), eq(taskPuts.sha256, sha256)));
}
