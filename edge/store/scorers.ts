/** Queries on scorers and their labels. */
import { and, desc, eq, lt, sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Database, Statement } from './database.ts';
import { readCursor, toPage, type PageRequest } from './page.ts';
import { qualify } from './qualify.ts';
import { raw, type RawStatement } from './raw.ts';
import { principles, principleVersions, scorerLabels, scorers } from './schema/index.ts';

const labelsOfScorer = sql<string>`(
  select json_group_array(${qualify(scorerLabels.name)}) from ${scorerLabels}
  where ${qualify(scorerLabels.principleId)} = ${qualify(principles.id)}
    and ${qualify(scorerLabels.scorerId)} = ${qualify(scorers.id)})`;

const columns = {
  id: scorers.id,
  principleName: principles.name,
  version: principleVersions.number,
  sha256: scorers.sha256,
  preferenceModelSha256: scorers.preferenceModelSha256,
  labels: labelsOfScorer,
  createdAt: scorers.createdAt,
};

function view<Row extends { labels: string; principleName: string; version: number }>({
  labels,
  principleName,
  version,
  ...row
}: Row) {
  const names = z.array(z.string()).parse(JSON.parse(labels)).sort();
  return { ...row, principle: { name: principleName, version }, labels: names };
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

export function moveScorerLabel(database: Database, row: typeof scorerLabels.$inferInsert): Statement {
  return database
    .insert(scorerLabels)
    .values(row)
    .onConflictDoUpdate({
      target: [scorerLabels.principleId, scorerLabels.name],
      set: { scorerId: row.scorerId, movedAt: row.movedAt },
    });
}

/**
 * The writes that publish the scorer of a train-scorer task: its row, the label `latest`, and `production` where the
 * principle has none yet; a working one is replaced by people alone.
 */
export function publishScorer(
  database: Database,
  scorer: {
    readonly id: string;
    readonly taskId: string;
    readonly sha256: string;
    readonly calibration: object;
  },
  now: number,
): RawStatement[] {
  const label = (conflict: string, name: string) =>
    raw(
      database,
      `INSERT INTO scorer_labels (principle_id, name, scorer_id, moved_at)
       SELECT principle_versions.principle_id, ?, scorers.id, ? FROM scorers
       JOIN principle_versions ON principle_versions.id = scorers.principle_version_id
       WHERE scorers.sha256 = ? ON CONFLICT (principle_id, name) DO ${conflict}`,
      name,
      now,
      scorer.sha256,
    );
  return [
    raw(
      database,
      `INSERT OR IGNORE INTO scorers
         (id, principle_version_id, sha256, preference_model_sha256, calibration, created_at)
       SELECT ?, experiments.principle_version_id, ?,
         (SELECT value ->> 'sha256' FROM json_each(tasks.specification, '$.inputs')
          WHERE value ->> 'name' = 'preference-model'), ?, ?
       FROM tasks
       JOIN stage_tasks ON stage_tasks.task_id = tasks.id
       JOIN stages ON stages.id = stage_tasks.stage_id
       JOIN experiments ON experiments.id = stages.experiment_id
       WHERE tasks.id = ? LIMIT 1`,
      scorer.id,
      scorer.sha256,
      JSON.stringify(scorer.calibration),
      now,
      scorer.taskId,
    ),
    label('UPDATE SET scorer_id = excluded.scorer_id, moved_at = excluded.moved_at', 'latest'),
    label('NOTHING', 'production'),
  ];
}
