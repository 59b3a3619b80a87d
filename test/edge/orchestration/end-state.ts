/** What must hold in the database of an experiment at any time, and what its run leaves in the end. */
import { expect } from 'vitest';
import type { NodeDatabase } from '../../../edge/hosts/node-database.ts';

/** What must hold between any two statements. */
export function checkConsistency(client: NodeDatabase): void {
  const faults = [
    ['a foreign key points nowhere', 'PRAGMA foreign_key_check'],
    [
      'a succeeded task without output',
      `SELECT id FROM tasks t WHERE status = 'succeeded' AND NOT EXISTS (SELECT 1 FROM task_outputs WHERE task_id = t.id)`,
    ],
    [
      'an output of a task that has not succeeded',
      `SELECT 1 FROM task_outputs o JOIN tasks t ON t.id = o.task_id WHERE t.status <> 'succeeded'`,
    ],
    [
      'pairs of a task that has not succeeded',
      `SELECT 1 FROM preference_pairs p JOIN tasks t ON t.id = p.task_id WHERE t.status <> 'succeeded'`,
    ],
    [
      'a running stage without tasks',
      `SELECT id FROM stages s WHERE status IN ('running', 'succeeded') AND NOT EXISTS (SELECT 1 FROM stage_tasks WHERE stage_id = s.id)`,
    ],
    [
      'a waiting stage with tasks',
      `SELECT 1 FROM stages s JOIN stage_tasks st ON st.stage_id = s.id WHERE s.status = 'waiting'`,
    ],
    [
      'an experiment without all its stages',
      `SELECT 1 FROM experiments e WHERE (SELECT count(*) FROM stages WHERE experiment_id = e.id) <> 7`,
    ],
    [
      'a stage that is done and nobody plans',
      `SELECT 1 FROM stages s JOIN experiments e ON e.id = s.experiment_id WHERE s.status = 'running' AND e.revision = e.planned_revision AND NOT EXISTS (SELECT 1 FROM stage_tasks st JOIN tasks t ON t.id = st.task_id WHERE st.stage_id = s.id AND t.status <> 'succeeded')`,
    ],
  ] as const;
  for (const [fault, sql] of faults) expect(client.prepare(sql).execute().results, fault).toEqual([]);
}

/** Everything the run left that does not depend on time or chance. */
export function summary(client: NodeDatabase): unknown {
  return [
    `SELECT content_key, status, result FROM tasks ORDER BY content_key`,
    `SELECT t.content_key, o.name, o.sha256 FROM task_outputs o JOIN tasks t ON t.id = o.task_id ORDER BY 1, 2`,
    `SELECT t.content_key, c.name, c.points FROM metric_chunks c JOIN tasks t ON t.id = c.task_id ORDER BY 1, 2`,
    `SELECT count(*) FROM preference_pairs`,
    `SELECT count(*) FROM comparisons`,
    `SELECT count(*) FROM events WHERE kind IN ('task-succeeded', 'stage-succeeded', 'experiment-succeeded', 'experiment-created')`,
    `SELECT name, status FROM stages ORDER BY position`,
    `SELECT status FROM experiments`,
  ].map((sql) => client.prepare(sql).execute().results);
}
