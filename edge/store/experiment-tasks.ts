/** The tasks of an experiment whose rows people browse: pairs and comparisons belong to tasks, which may be shared. */
import { eq, sql } from 'drizzle-orm';
import { notFound } from '../domain/errors.ts';
import type { Database } from './database.ts';
import { findExperimentStatus } from './experiments.ts';
import { stages, stageTasks } from './schema/index.ts';
import { prepared } from './statement.ts';

const tasksOfStages = prepared((database) =>
  database
    .select({ taskId: stageTasks.taskId, kind: stages.kind, stage: stages.name })
    .from(stages)
    .innerJoin(stageTasks, eq(stageTasks.stageId, stages.id))
    .where(eq(stages.experimentId, sql.placeholder('experimentId')))
    .orderBy(stages.position, stageTasks.shard)
    .prepare(),
);

/**
 * The tasks of an experiment's stages of some kinds, in order of stage and shard.
 *
 * @throws DomainError `not-found` without such an experiment
 */
export async function listStageTasks(
  database: Database,
  experimentId: string,
  kinds: readonly string[],
): Promise<{ taskId: string; kind: string; stage: string }[]> {
  const found = await tasksOfStages(database).all({ experimentId });
  if (found.length === 0 && (await findExperimentStatus(database, experimentId)) === undefined)
    throw notFound(`experiment ${experimentId}`);
  return found.filter(({ kind }) => kinds.includes(kind));
}
