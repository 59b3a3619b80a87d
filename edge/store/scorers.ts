/** Queries on scorers and their labels. */
import { and, desc, eq, lt, sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Database, Statement } from './database.ts';
import { allColumns, given } from './json-rows.ts';
import { labelMovesOf, withLabels } from './label-moves.ts';
import { readCursor, toPage, type PageRequest } from './page.ts';
import { qualify } from './qualify.ts';
import {
  experiments,
  principles,
  principleVersions,
  scorerLabels,
  scorers,
  stages,
  stageTasks,
  tasks,
} from './schema/index.ts';
import { compiled, excluded, type Value } from './statement.ts';

const labelMoves = labelMovesOf(
  scorerLabels,
  sql`${qualify(scorerLabels.principleId)} = ${qualify(principles.id)}
    and ${qualify(scorerLabels.scorerId)} = ${qualify(scorers.id)}`,
);

const columns = {
  id: scorers.id,
  principleName: principles.name,
  version: principleVersions.number,
  sha256: scorers.sha256,
  preferenceModelSha256: scorers.preferenceModelSha256,
  labelMoves,
  createdAt: scorers.createdAt,
  createdBy: scorers.createdBy,
};

function view<Row extends { labelMoves: string; principleName: string; version: number }>({
  principleName,
  version,
  ...row
}: Row) {
  return { ...withLabels(row), principle: { name: principleName, version } };
}

const joined = (database: Database) =>
  database
    .select(columns)
    .from(scorers)
    .innerJoin(principleVersions, eq(principleVersions.id, scorers.principleVersionId))
    .innerJoin(principles, eq(principles.id, principleVersions.principleId));

export async function listScorers(database: Database, page: PageRequest) {
  const before = readCursor(page, z.string());
  const rows = await joined(database)
    .where(before === undefined ? undefined : lt(scorers.id, before))
    .orderBy(desc(scorers.id))
    .limit(page.limit + 1);
  return toPage(rows.map(view), page, (row) => row.id);
}

/** A scorer of the principle, by its id. */
export async function findScorer(database: Database, principleName: string, id: string) {
  const row = await joined(database)
    .where(and(eq(scorers.id, id), eq(principles.name, principleName)))
    .get();
  return row && view(row);
}

export async function findLabelledScorer(database: Database, principleId: string, label: string) {
  const labelled = database
    .select({ id: scorerLabels.scorerId })
    .from(scorerLabels)
    .where(and(eq(scorerLabels.principleId, principleId), eq(scorerLabels.name, label)));
  const row = await joined(database).where(eq(scorers.id, labelled)).get();
  return row && view(row);
}

/** A scorer by its id alone. */
export async function findScorerById(database: Database, id: string) {
  const row = await joined(database).where(eq(scorers.id, id)).get();
  return row && view(row);
}

export function deleteScorer(database: Database, id: string): Statement {
  return database.delete(scorers).where(eq(scorers.id, id));
}

export function deleteScorerLabel(database: Database, principleId: string, name: string): Statement {
  const isIt = and(eq(scorerLabels.principleId, principleId), eq(scorerLabels.name, name));
  return database.delete(scorerLabels).where(isIt);
}

export function moveScorerLabel(database: Database, row: typeof scorerLabels.$inferSelect): Statement {
  return database
    .insert(scorerLabels)
    .values(row)
    .onConflictDoUpdate({
      target: [scorerLabels.principleId, scorerLabels.name],
      set: { scorerId: row.scorerId, movedAt: row.movedAt, movedBy: row.movedBy },
    });
}

interface PublishedScorer {
  readonly id: string;
  /** The train-scorer task that made it. */
  readonly taskId: string;
  readonly sha256: string;
  /** JSON. */
  readonly calibration: string;
  readonly now: number;
}

const putScorer = compiled<PublishedScorer>((database, value) =>
  database
    .insert(scorers)
    .select(
      database
        .select(
          allColumns(scorers, {
            id: value('id'),
            principleVersionId: experiments.principleVersionId,
            sha256: value('sha256'),
            preferenceModelSha256: sql`(select ${given('sha256')} from json_each(${tasks.specification}, '$.inputs') given
              where ${given('name')} = 'preference-model')`,
            calibration: value('calibration'),
            createdAt: value('now'),
            createdBy: experiments.createdBy,
          }),
        )
        .from(tasks)
        .innerJoin(stageTasks, eq(stageTasks.taskId, tasks.id))
        .innerJoin(stages, eq(stages.id, stageTasks.stageId))
        .innerJoin(experiments, eq(experiments.id, stages.experimentId))
        .where(eq(tasks.id, value('taskId')))
        .orderBy(experiments.id)
        .limit(1),
    )
    .onConflictDoNothing(),
);

const labelled = (database: Database, value: Value<PublishedScorer>, name: string) =>
  database.insert(scorerLabels).select(
    database
      .select(
        allColumns(scorerLabels, {
          principleId: principleVersions.principleId,
          name: sql`${name}`,
          scorerId: scorers.id,
          movedAt: value('now'),
        }),
      )
      .from(scorers)
      .innerJoin(principleVersions, eq(principleVersions.id, scorers.principleVersionId))
      .where(eq(scorers.sha256, value('sha256'))),
  );
const LABEL = [scorerLabels.principleId, scorerLabels.name];
const moveLatest = compiled<PublishedScorer>((database, value) =>
  labelled(database, value, 'latest').onConflictDoUpdate({
    target: LABEL,
    set: {
      scorerId: excluded(scorerLabels.scorerId),
      movedAt: excluded(scorerLabels.movedAt),
      movedBy: excluded(scorerLabels.movedBy),
    },
  }),
);
const setProduction = compiled<PublishedScorer>((database, value) =>
  labelled(database, value, 'production').onConflictDoNothing({ target: LABEL }),
);

/**
 * The writes that publish the scorer of a train-scorer task: its row, the label `latest`, and `production` where the
 * principle has none yet; a working one is replaced by people alone.
 */
export function publishScorer(database: Database, scorer: PublishedScorer): Statement[] {
  return [putScorer, moveLatest, setProduction].map((write) => write(database, scorer));
}
