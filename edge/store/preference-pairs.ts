/** Queries on preference pairs: by task and place, which is the order of every page and of the export. */
import { and, eq, gt, sql, type SQL } from 'drizzle-orm';
import { z } from 'zod';
import type { Database, Statement } from './database.ts';
import { listStageTasks } from './experiment-tasks.ts';
import { allColumns, given, jsonChunks, jsonRows } from './json-rows.ts';
import { readCursor, toPage, type PageRequest } from './page.ts';
import { preferencePairs } from './schema/index.ts';
import { compiled, excluded } from './statement.ts';

export interface PairFilters {
  readonly stage?: 'simulate' | 'label' | undefined;
  readonly minimumProbability?: number | undefined;
  readonly maximumProbability?: number | undefined;
  readonly minimumLengthGap?: number | undefined;
  readonly maximumLengthGap?: number | undefined;
  readonly affixPair?: number | undefined;
  readonly promptId?: string | undefined;
}

export type PairRow = typeof preferencePairs.$inferSelect;

const PAIRS_A_READ = 500;

/** The tasks whose pairs are shown: of the kind asked for, else of the last that makes pairs; of several stages the last. */
async function listPairTasks(database: Database, experimentId: string, { stage }: PairFilters) {
  const tasks = await listStageTasks(database, experimentId, ['simulate', 'label']);
  const shown = stage ?? (tasks.some(({ kind }) => kind === 'label') ? 'label' : 'simulate');
  const own = tasks.filter(({ kind }) => kind === shown);
  const last = own.at(-1)?.stage;
  return own.filter((task) => task.stage === last).map(({ taskId }) => taskId);
}

const { labelProbability, affixPair, promptId } = preferencePairs;
const lengthGap = sql`(length(${preferencePairs.chosen}) - length(${preferencePairs.rejected}))`;

/** The unary plus keeps the index of probabilities out: its order would have to be sorted again. */
const holds = (left: SQL, value: string | number | undefined): SQL | undefined =>
  value === undefined ? undefined : sql`+${left} ${value}`;

async function readPairs(
  database: Database,
  taskId: string,
  after: number,
  limit: number,
  filters: PairFilters,
): Promise<PairRow[]> {
  return await database
    .select()
    .from(preferencePairs)
    .where(
      and(
        eq(preferencePairs.taskId, taskId),
        gt(preferencePairs.position, after),
        holds(sql`${labelProbability} >=`, filters.minimumProbability),
        holds(sql`${labelProbability} <=`, filters.maximumProbability),
        holds(sql`${lengthGap} >=`, filters.minimumLengthGap),
        holds(sql`${lengthGap} <=`, filters.maximumLengthGap),
        holds(sql`${affixPair} =`, filters.affixPair),
        holds(sql`${promptId} =`, filters.promptId),
      ),
    )
    .orderBy(preferencePairs.position)
    .limit(limit);
}

export async function listPairs(database: Database, experimentId: string, query: PairFilters & PageRequest) {
  const [lastTask, lastPosition] = readCursor(query, z.tuple([z.string(), z.int()])) ?? [undefined, -1];
  const tasks = await listPairTasks(database, experimentId, query);
  const start = lastTask === undefined ? 0 : tasks.indexOf(lastTask);
  const found: PairRow[] = [];
  for (const taskId of start < 0 ? [] : tasks.slice(start)) {
    const after = taskId === lastTask ? lastPosition : -1;
    found.push(...(await readPairs(database, taskId, after, query.limit + 1 - found.length, query)));
    if (found.length > query.limit) break;
  }
  return toPage(found, query, ({ taskId, position }) => [taskId, position]);
}

/** Every pair in order, a few hundred in memory at a time. @throws DomainError `not-found` before the first */
export async function readAllPairs(
  database: Database,
  experimentId: string,
  filters: PairFilters,
): Promise<AsyncGenerator<PairRow[]>> {
  const tasks = await listPairTasks(database, experimentId, filters);
  async function* read() {
    for (const taskId of tasks) {
      for (let after = -1; ;) {
        const pairs = await readPairs(database, taskId, after, PAIRS_A_READ, filters);
        const last = pairs.at(-1);
        if (!last) break;
        yield pairs;
        after = last.position;
      }
    }
  }
  return read();
}

const putPairs = compiled<{ taskId: string; json: string }>((database, value) => {
  const said = {
    promptId: given('promptId'),
    prompt: given('prompt'),
    chosen: given('chosen'),
    rejected: given('rejected'),
    labelProbability: given('labelProbability'),
    affixPair: given('affixPair'),
    tokens: given('tokens'),
  };
  return database
    .insert(preferencePairs)
    .select(
      database
        .select(
          allColumns(preferencePairs, {
            ...said,
            taskId: value('taskId'),
            position: given('position'),
          }),
        )
        .from(jsonRows(value('json')))
        .where(sql`true`),
    )
    .onConflictDoUpdate({
      target: [preferencePairs.taskId, preferencePairs.position],
      set: Object.fromEntries(
        (Object.keys(said) as (keyof typeof said)[]).map((name) => [name, excluded(preferencePairs[name])]),
      ),
    });
});

/** The pairs that a task made, in its order; what was there under the same places is replaced. */
export function insertPairs(
  database: Database,
  taskId: string,
  pairs: readonly Omit<PairRow, 'taskId'>[],
): Statement[] {
  return jsonChunks(pairs).map((json) => putPairs(database, { taskId, json }));
}
