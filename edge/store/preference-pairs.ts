/** Queries on preference pairs: by task and place, which is the order of every page and of the export. */
import { z } from 'zod';
import type { PairTokens } from '../../shared/api/preference-pairs.ts';
import type { Database } from './database.ts';
import { listStageTasks } from './experiment-tasks.ts';
import { readCursor, toPage, type PageRequest } from './page.ts';
import { raw, rows } from './raw.ts';

export interface PairFilters {
  readonly stage?: 'simulate' | 'label' | undefined;
  readonly minimumProbability?: number | undefined;
  readonly maximumProbability?: number | undefined;
  readonly minimumLengthGap?: number | undefined;
  readonly maximumLengthGap?: number | undefined;
  readonly affixPair?: number | undefined;
  readonly promptId?: string | undefined;
}

export interface PairRow {
  readonly taskId: string;
  readonly position: number;
  readonly promptId: string;
  readonly prompt: string;
  readonly chosen: string;
  readonly rejected: string;
  readonly labelProbability: number;
  readonly affixPair: number | null;
  readonly tokens: PairTokens | null;
}

const PAIRS_A_READ = 500;

/** The tasks whose pairs are shown: of the stage asked for, else of the last that makes pairs. */
async function listPairTasks(database: Database, experimentId: string, { stage }: PairFilters) {
  const tasks = await listStageTasks(database, experimentId, ['simulate', 'label']);
  const shown = stage ?? (tasks.some(({ kind }) => kind === 'label') ? 'label' : 'simulate');
  return tasks.filter(({ kind }) => kind === shown).map(({ taskId }) => taskId);
}

async function readPairs(
  database: Database,
  taskId: string,
  after: number,
  limit: number,
  filters: PairFilters,
): Promise<PairRow[]> {
  const conditions = [
    ['label_probability >= ?', filters.minimumProbability],
    ['label_probability <= ?', filters.maximumProbability],
    ['length(chosen) - length(rejected) >= ?', filters.minimumLengthGap],
    ['length(chosen) - length(rejected) <= ?', filters.maximumLengthGap],
    ['affix_pair = ?', filters.affixPair],
    ['prompt_id = ?', filters.promptId],
  ] as const;
  const given = conditions.flatMap(([sql, value]) => (value === undefined ? [] : [{ sql, value }]));
  // The unary plus keeps the index of probabilities out: its order would have to be sorted again.
  const where = given.map(({ sql }) => ` AND +${sql}`).join('');
  const found = await rows<Omit<PairRow, 'tokens'> & { readonly tokens: string | null }>(
    raw(
      database,
      `SELECT task_id AS taskId, position, prompt_id AS promptId, prompt, chosen, rejected,
         label_probability AS labelProbability, affix_pair AS affixPair, tokens
       FROM preference_pairs WHERE task_id = ? AND position > ?${where} ORDER BY position LIMIT ?`,
      taskId,
      after,
      ...given.map(({ value }) => value),
      limit,
    ),
  );
  return found.map((row) =>
    Object.assign(row, { tokens: row.tokens === null ? null : readTokens(row.tokens) }),
  );
}

/** As ingest wrote them: checked there. */
const readTokens = (text: string) => JSON.parse(text) as PairTokens;

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
