/** Queries on comparisons: lists, the next blind pair of a person, and labels. */
import { eq } from 'drizzle-orm';
import { z } from 'zod';
import type { Database, Statement } from './database.ts';
import { listStageTasks } from './experiment-tasks.ts';
import { readCursor, toPage, type PageRequest } from './page.ts';
import { raw, rows } from './raw.ts';
import { comparisons } from './schema/index.ts';

type ComparisonRow = typeof comparisons.$inferSelect;

export interface CandidateRow {
  readonly id: string;
  readonly prompt: string;
  readonly firstResponse: string;
  readonly secondResponse: string;
  /** Of the judge task that made the pair. */
  readonly seed: number;
}

const CANDIDATE = `SELECT c.id, c.prompt, c.first_response AS firstResponse, c.second_response AS secondResponse,
  t.specification ->> '$.seed' AS seed FROM comparison_candidates c JOIN tasks t ON t.id = c.task_id`;

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

type ListedRow = Omit<ComparisonRow, 'swapped'> & {
  readonly promptId: string;
  readonly swapped: number;
} & Omit<CandidateRow, 'seed'>;

export async function listComparisons(database: Database, experimentId: string, query: ComparisonFilters) {
  const after = readCursor(query, z.string()) ?? '';
  const conditions = [
    ['x.source = ?', query.source],
    ['x.outcome = ?', query.outcome],
    ['x.judge = ?', query.judge],
  ] as const;
  const given = conditions.flatMap(([sql, value]) => (value === undefined ? [] : [{ sql, value }]));
  const where = given.map(({ sql }) => ` AND +${sql}`).join('');
  const found: ListedRow[] = [];
  for (const taskId of (await listJudgeTasks(database, experimentId)).sort()) {
    const [begin, end] = rangeOf(taskId);
    if (end <= after) continue;
    const page = await rows<ListedRow>(
      raw(
        database,
        `SELECT x.id, x.candidate_id AS candidateId, x.source, x.judge, x.swapped, x.outcome,
           x.first_score AS firstScore, x.second_score AS secondScore, x.created_at AS createdAt,
           c.prompt_id AS promptId, c.prompt, c.first_response AS firstResponse,
           c.second_response AS secondResponse
         FROM comparisons x CROSS JOIN comparison_candidates c ON c.id = x.candidate_id
         WHERE x.id > ? AND x.id < ?${where} ORDER BY x.id LIMIT ?`,
        after > begin ? after : begin,
        end,
        ...given.map(({ value }) => value),
        query.limit + 1 - found.length,
      ),
    );
    found.push(...page);
    if (found.length > query.limit) break;
  }
  return toPage(
    found.map(({ swapped, ...row }) => Object.assign(row, { swapped: swapped === 1 })),
    query,
    ({ id }) => id,
  );
}

/** The first pair of an experiment that a person has not labelled, and how far they are. */
export async function findNextCandidate(database: Database, experimentId: string, person: string) {
  let labelled = 0;
  let total = 0;
  let next: CandidateRow | undefined;
  for (const taskId of await listJudgeTasks(database, experimentId)) {
    const [counted] = await rows<{ labelled: number; total: number }>(
      raw(
        database,
        `SELECT (SELECT count(*) FROM comparisons WHERE judge = ? AND candidate_id > ? AND candidate_id < ?) AS labelled,
           (SELECT count(*) FROM comparison_candidates WHERE task_id = ?) AS total`,
        person,
        ...rangeOf(taskId),
        taskId,
      ),
    );
    labelled += counted?.labelled ?? 0;
    total += counted?.total ?? 0;
    next ??= (
      await rows<CandidateRow>(
        raw(
          database,
          `${CANDIDATE} WHERE c.task_id = ? AND NOT EXISTS (
             SELECT 1 FROM comparisons x WHERE x.judge = ? AND x.candidate_id = c.id)
           ORDER BY c.id LIMIT 1`,
          taskId,
          person,
        ),
      )
    )[0];
  }
  return { next, labelled, remaining: total - labelled };
}

export async function findCandidate(database: Database, id: string): Promise<CandidateRow | undefined> {
  const [row] = await rows<CandidateRow>(raw(database, `${CANDIDATE} WHERE c.id = ?`, id));
  return row;
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
