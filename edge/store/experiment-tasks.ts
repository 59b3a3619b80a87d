/** The tasks of an experiment whose rows people browse: pairs and comparisons belong to tasks, which may be shared. */
import { notFound } from '../domain/errors.ts';
import type { Database } from './database.ts';
import { raw, rows } from './raw.ts';

/**
 * The tasks of an experiment's stages of some kinds, in order of stage and shard.
 *
 * @throws DomainError `not-found` without such an experiment
 */
export async function listStageTasks(
  database: Database,
  experimentId: string,
  kinds: readonly string[],
): Promise<{ taskId: string; kind: string }[]> {
  const found = await rows<{ taskId: string; kind: string }>(
    raw(
      database,
      `SELECT st.task_id AS taskId, s.kind FROM stages s JOIN stage_tasks st ON st.stage_id = s.id
       WHERE s.experiment_id = ? ORDER BY s.position, st.shard`,
      experimentId,
    ),
  );
  if (found.length === 0) {
    const known = await rows(raw(database, 'SELECT 1 FROM experiments WHERE id = ?', experimentId));
    if (known.length === 0) throw notFound(`experiment ${experimentId}`);
  }
  return found.filter(({ kind }) => kinds.includes(kind));
}
