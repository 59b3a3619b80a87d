/** What keeps an object from being deleted, in words for who wanted to delete it. */
import { and, eq, exists, or, sql, type SQL } from 'drizzle-orm';
import { isAwaiting } from './collect.ts';
import type { Database } from './database.ts';
import {
  experiments,
  hasStatus,
  principleVersions,
  promptsOf,
  promptSets,
  promptSplits,
  scorers,
  stages,
  taskInputs,
  taskOutputs,
  taskPuts,
  tasks,
} from './schema/index.ts';

/** So many are named; that there are more is said. */
const NAMED = 3;

function listed(what: string, names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined;
  const more = names.length > NAMED ? ' and others' : '';
  return `${what} ${names.slice(0, NAMED).join(', ')}${more}`;
}

async function experimentsWhere(database: Database, isUser: SQL | undefined): Promise<string | undefined> {
  const rows = await database
    .select({ id: experiments.id, name: experiments.name })
    .from(experiments)
    .where(isUser)
    .limit(NAMED + 1);
  return listed(
    rows.length === 1 ? 'experiment' : 'experiments',
    rows.map(({ id, name }) => `${id} (${name})`),
  );
}

async function scorersWhere(database: Database, isUser: SQL | undefined): Promise<string | undefined> {
  const rows = await database
    .select({ id: scorers.id })
    .from(scorers)
    .innerJoin(principleVersions, eq(principleVersions.id, scorers.principleVersionId))
    .where(isUser)
    .limit(NAMED + 1);
  return listed(
    rows.length === 1 ? 'scorer' : 'scorers',
    rows.map(({ id }) => id),
  );
}

/** @returns undefined where nothing uses it, as below */
export async function whoUsesPromptSet(database: Database, id: string): Promise<string | undefined> {
  return await experimentsWhere(database, eq(experiments.promptSetId, id));
}

export async function whoUsesBaseModel(database: Database, id: string): Promise<string | undefined> {
  return await experimentsWhere(
    database,
    or(eq(experiments.baseModelId, id), eq(experiments.simulatorId, id)),
  );
}

/** @param versionId one version alone; undefined: any of the principle */
export async function whoUsesPrinciple(
  database: Database,
  principleId: string,
  versionId?: string,
): Promise<string | undefined> {
  const ofVersion = versionId === undefined ? undefined : eq(experiments.principleVersionId, versionId);
  const taught = versionId === undefined ? undefined : eq(scorers.principleVersionId, versionId);
  return (
    (await experimentsWhere(database, and(eq(experiments.principleId, principleId), ofVersion))) ??
    (await scorersWhere(database, and(eq(principleVersions.principleId, principleId), taught)))
  );
}

async function taskWhere(database: Database, what: string, isUser: SQL | undefined) {
  const [row] = await database
    .select({ id: tasks.id, kind: tasks.kind, experimentId: tasks.experimentId })
    .from(tasks)
    .where(isUser)
    .limit(1);
  return row && `task ${row.id} (${row.kind}) of experiment ${row.experimentId}, ${what}`;
}

const namesIt = (database: Database, table: typeof taskOutputs | typeof taskInputs, sha256: string) =>
  exists(
    database
      .select({ one: sql`1` })
      .from(table)
      .where(and(eq(table.taskId, tasks.id), eq(table.sha256, sha256))),
  );

/** The task that made an artifact: while it is there its work is not done again, and what was made of it does not come back. */
export async function whoMade(database: Database, sha256: string): Promise<string | undefined> {
  return await taskWhere(database, 'which made it', namesIt(database, taskOutputs, sha256));
}

/** What keeps the collector from it, the first of them. */
export async function whoUsesArtifact(database: Database, sha256: string): Promise<string | undefined> {
  const resumes = or(eq(tasks.checkpointSha256, sha256), eq(tasks.previousCheckpointSha256, sha256));
  const wasPut = and(eq(taskPuts.sha256, sha256), or(hasStatus('queued'), hasStatus('leased')));
  const splitOf = await database
    .select({ name: promptSets.name, split: promptSplits.split })
    .from(promptSplits)
    .innerJoin(promptSets, eq(promptSets.id, promptSplits.promptSetId))
    .where(eq(promptSplits.sha256, sha256))
    .get();
  const awaiting = await database
    .select({ id: stages.experimentId })
    .from(stages)
    .where(isAwaiting(sql`${sha256}`))
    .limit(1)
    .get();
  const pending = await database
    .select({ id: tasks.id })
    .from(taskPuts)
    .innerJoin(tasks, eq(tasks.id, taskPuts.taskId))
    .where(wasPut)
    .limit(1)
    .get();
  return (
    (splitOf && `prompt set ${splitOf.name}, whose split ${splitOf.split} it is`) ??
    (await whoMade(database, sha256)) ??
    (await taskWhere(database, 'which reads it', namesIt(database, taskInputs, sha256))) ??
    (await taskWhere(database, 'which reads it', eq(promptsOf(tasks.specification), sha256))) ??
    (await taskWhere(database, 'which resumes from it', resumes)) ??
    (await scorersWhere(database, eq(scorers.sha256, sha256))) ??
    (awaiting && `experiment ${awaiting.id}, a stage of which will read it`) ??
    (pending && `task ${pending.id}, for which it was put and which has not ended`)
  );
}
