/** Queries on comparisons: lists, the next blind pair of a person, and labels. */
import { and, eq, getTableColumns, gt, lt, ne, notExists, sql, type SQL } from 'drizzle-orm';
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core';
import { z } from 'zod';
import type { Database, Statement } from './database.ts';
import { listStageTasks } from './experiment-tasks.ts';
import { allColumns, given, jsonChunks, jsonRows } from './json-rows.ts';
import { readCursor, toPage, type PageRequest } from './page.ts';
import { comparisonCandidates, comparisons, tasks } from './schema/index.ts';
import { compiled, prepared, type RowOf } from './statement.ts';

type ComparisonRow = typeof comparisons.$inferSelect;

const candidates = (database: Database) =>
  database
    .select({
      id: comparisonCandidates.id,
      prompt: comparisonCandidates.prompt,
      firstResponse: comparisonCandidates.firstResponse,
      secondResponse: comparisonCandidates.secondResponse,
      /** Of the judge task that made the pair. */
      seed: sql<number>`${tasks.specification} ->> '$.seed'`,
    })
    .from(comparisonCandidates)
    .innerJoin(tasks, eq(tasks.id, comparisonCandidates.taskId));

const candidateById = prepared((database) =>
  candidates(database)
    .where(eq(comparisonCandidates.id, sql.placeholder('id')))
    .prepare(),
);
export type CandidateRow = RowOf<typeof candidateById>;

const nextOfTask = prepared((database) => {
  const labelled = database
    .select({ one: sql`1` })
    .from(comparisons)
    .where(
      and(
        eq(comparisons.judge, sql.placeholder('person')),
        eq(comparisons.candidateId, comparisonCandidates.id),
      ),
    );
  return candidates(database)
    .where(and(eq(comparisonCandidates.taskId, sql.placeholder('taskId')), notExists(labelled)))
    .orderBy(comparisonCandidates.id)
    .limit(1)
    .prepare();
});

/** Ids of a task's candidates and comparisons begin with `<task id>:`; the next character ends that range. */
const rangeOf = (taskId: string) => [`${taskId}:`, `${taskId};`] as const;

async function listJudgeTasks(database: Database, experimentId: string): Promise<string[]> {
  return (await listStageTasks(database, experimentId, ['judge'])).map(({ taskId }) => taskId);
}

interface ComparisonFilters extends PageRequest {
  readonly source?: string | undefined;
  readonly outcome?: string | undefined;
  readonly judge?: string | undefined;
}

/** The unary plus keeps the column's own index out: the order is that of the ids. */
const is = (column: SQLiteColumn, value: string | undefined): SQL | undefined =>
  value === undefined ? undefined : sql`+${column} = ${value}`;

export async function listComparisons(database: Database, experimentId: string, query: ComparisonFilters) {
  const after = readCursor(query, z.string()) ?? '';
  const read = (begin: string, end: string, limit: number) =>
    database
      .select({
        ...getTableColumns(comparisons),
        promptId: comparisonCandidates.promptId,
        prompt: comparisonCandidates.prompt,
        firstResponse: comparisonCandidates.firstResponse,
        secondResponse: comparisonCandidates.secondResponse,
      })
      .from(comparisons)
      .crossJoin(comparisonCandidates)
      .where(
        and(
          eq(comparisonCandidates.id, comparisons.candidateId),
          gt(comparisons.id, begin),
          lt(comparisons.id, end),
          is(comparisons.source, query.source),
          is(comparisons.outcome, query.outcome),
          is(comparisons.judge, query.judge),
        ),
      )
      .orderBy(comparisons.id)
      .limit(limit);
  const found: Awaited<ReturnType<typeof read>> = [];
  for (const taskId of (await listJudgeTasks(database, experimentId)).sort()) {
    const [begin, end] = rangeOf(taskId);
    if (end <= after) continue;
    found.push(...(await read(after > begin ? after : begin, end, query.limit + 1 - found.length)));
    if (found.length > query.limit) break;
  }
  return toPage(found, query, ({ id }) => id);
}

/** The first pair of an experiment that a person has neither labelled nor skipped, and how far they are. */
export async function findNextCandidate(database: Database, experimentId: string, person: string) {
  let labelled = 0;
  let skipped = 0;
  let total = 0;
  let next: CandidateRow | undefined;
  for (const taskId of await listJudgeTasks(database, experimentId)) {
    const [begin, end] = rangeOf(taskId);
    const own = and(
      eq(comparisons.judge, person),
      gt(comparisons.candidateId, begin),
      lt(comparisons.candidateId, end),
    );
    // A pair that was skipped is not asked again, and says nothing.
    labelled += await database.$count(comparisons, and(own, ne(comparisons.outcome, 'skipped')));
    skipped += await database.$count(comparisons, and(own, eq(comparisons.outcome, 'skipped')));
    total += await database.$count(comparisonCandidates, eq(comparisonCandidates.taskId, taskId));
    next ??= await nextOfTask(database).get({ person, taskId });
  }
  return { next, labelled, skipped, remaining: total - labelled - skipped };
}

export async function findCandidate(database: Database, id: string): Promise<CandidateRow | undefined> {
  return await candidateById(database).get({ id });
}

export async function findComparison(database: Database, id: string): Promise<ComparisonRow | undefined> {
  return await database.select().from(comparisons).where(eq(comparisons.id, id)).get();
}

export function insertComparison(database: Database, row: ComparisonRow): Statement {
  return database.insert(comparisons).values(row);
}

export function deleteComparison(database: Database, id: string): Statement {
  return database.delete(comparisons).where(eq(comparisons.id, id));
}

/** A machine's judgement as ingest reads it. */
export interface MachineComparison extends Pick<
  ComparisonRow,
  'judge' | 'outcome' | 'firstScore' | 'secondScore'
> {
  readonly promptId: string;
  readonly prompt: string;
  readonly firstResponse: string;
  readonly secondResponse: string;
}

interface Ingested {
  readonly taskId: string;
  readonly now: number;
  readonly json: string;
}

const putCandidates = compiled<Ingested>((database, value) =>
  database
    .insert(comparisonCandidates)
    .select(
      database
        .select(
          allColumns(comparisonCandidates, {
            id: sql`${value('taskId')} || ':' || (${given('promptId')})`,
            taskId: value('taskId'),
            promptId: given('promptId'),
            prompt: given('prompt'),
            firstResponse: given('firstResponse'),
            secondResponse: given('secondResponse'),
            createdAt: value('now'),
          }),
        )
        .from(jsonRows(value('json')))
        .where(sql`true`),
    )
    .onConflictDoNothing(),
);
const putComparisons = compiled<Ingested>((database, value) =>
  database
    .insert(comparisons)
    .select(
      database
        .select(
          allColumns(comparisons, {
            id: sql`${value('taskId')} || ':' || (${given('promptId')}) || ':machine:' || (${given('judge')}) || ':0'`,
            candidateId: sql`${value('taskId')} || ':' || (${given('promptId')})`,
            source: sql`'machine'`,
            judge: given('judge'),
            swapped: sql`0`,
            outcome: given('outcome'),
            firstScore: given('firstScore'),
            secondScore: given('secondScore'),
            createdAt: value('now'),
          }),
        )
        .from(jsonRows(value('json')))
        .where(sql`true`),
    )
    .onConflictDoNothing(),
);

/** The candidates and the judgements of a judge task; the same rows again change nothing. */
export function insertMachineComparisons(
  database: Database,
  taskId: string,
  judged: readonly MachineComparison[],
  now: number,
): Statement[] {
  return jsonChunks(judged).flatMap((json) => [
    putCandidates(database, { taskId, now, json }),
    putComparisons(database, { taskId, now, json }),
  ]);
}
