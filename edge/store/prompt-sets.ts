/** Queries on prompt sets and their prompts. */
import { and, desc, eq, gt, isNotNull, lt, sql } from 'drizzle-orm';
import { z } from 'zod';
import type { PromptSetCounts } from '../../shared/api/prompt-sets.ts';
import type { PromptRow } from '../domain/prompt-sets/read-upload.ts';
import type { Split } from '../../shared/api/words.ts';
import { intersect } from 'drizzle-orm/sqlite-core';
import { commit, type Database, type Statement } from './database.ts';
import { allColumns, given, jsonChunks, jsonRows } from './json-rows.ts';
import { readCursor, toPage, type PageRequest } from './page.ts';
import { prompts, promptSets } from './schema/index.ts';
import { compiled, prepared } from './statement.ts';

const columns = {
  id: promptSets.id,
  name: promptSets.name,
  splitRule: promptSets.splitRule,
  contentSha256: promptSets.contentSha256,
  counts: promptSets.counts,
  createdAt: promptSets.createdAt,
  createdBy: promptSets.createdBy,
};

/** SQLite's limit that is none. */
const ALL = -1;
/** Greater than every identifier. */
const AFTER_ALL = 'g';

type StoredSet = Pick<typeof promptSets.$inferSelect, keyof typeof columns>;

/** A set that is ready has its hash and its counts. */
function requireReady(row: StoredSet) {
  const { contentSha256, counts } = row;
  if (contentSha256 === null || counts === null)
    throw new Error(`prompt set ${row.id} is ready without counts`);
  return { ...row, contentSha256, counts };
}

const promptSetById = prepared((database) =>
  database
    .select(columns)
    .from(promptSets)
    .where(and(eq(promptSets.id, sql.placeholder('id')), isNotNull(promptSets.readyAt)))
    .prepare(),
);

export async function findPromptSet(database: Database, id: string) {
  const row = await promptSetById(database).get({ id });
  return row && requireReady(row);
}

export async function hasPromptSetNamed(database: Database, name: string): Promise<boolean> {
  const row = await database
    .select({ id: promptSets.id })
    .from(promptSets)
    .where(eq(promptSets.name, name))
    .get();
  return row !== undefined;
}

export async function listPromptSets(database: Database, page: PageRequest) {
  const before = readCursor(page, z.string()) ?? AFTER_ALL;
  const found = await database
    .select(columns)
    .from(promptSets)
    .where(and(isNotNull(promptSets.readyAt), lt(promptSets.id, before)))
    .orderBy(desc(promptSets.id))
    .limit(page.limit + 1);
  return toPage(found.map(requireReady), page, (row) => row.id);
}

export async function listPrompts(
  database: Database,
  promptSetId: string,
  page: PageRequest & { readonly split?: Split | undefined },
) {
  const after = readCursor(page, z.int()) ?? -1;
  const found = await database
    .select({
      id: sql<string>`cast(${prompts.position} as text)`,
      position: prompts.position,
      split: prompts.split,
      prompt: prompts.text,
      turns: prompts.turns,
      chosen: prompts.chosen,
      rejected: prompts.rejected,
      aside: prompts.aside,
    })
    .from(prompts)
    .where(
      and(
        eq(prompts.promptSetId, promptSetId),
        page.split === undefined ? undefined : eq(prompts.split, page.split),
        gt(prompts.position, after),
      ),
    )
    .orderBy(prompts.position)
    .limit(page.limit + 1);
  return toPage(found, page, (row) => row.position);
}

/** Begins an upload: nobody sees the set before {@link finishPromptSet}. */
export async function beginPromptSet(
  database: Database,
  row: Pick<typeof promptSets.$inferSelect, 'id' | 'splitRule' | 'createdAt' | 'createdBy'>,
): Promise<void> {
  await database.insert(promptSets).values({ ...row, name: row.id });
}

const putPrompts = compiled<{ promptSetId: string; json: string }>((database, value) =>
  database.insert(prompts).select(
    database
      .select(
        allColumns(prompts, {
          promptSetId: value('promptSetId'),
          position: given('position'),
          split: given('split'),
          text: given('text'),
          turns: given('turns'),
          chosen: given('chosen'),
          rejected: given('rejected'),
          aside: given('aside'),
          textSha256: given('textSha256'),
        }),
      )
      .from(jsonRows(value('json'))),
  ),
);

export async function insertPrompts(
  database: Database,
  promptSetId: string,
  found: readonly PromptRow[],
): Promise<void> {
  await commit(
    database,
    jsonChunks(found).map((json) => putPrompts(database, { promptSetId, json })),
  );
}

export async function countPrompts(
  database: Database,
  promptSetId: string,
): Promise<Omit<PromptSetCounts, 'leftOut' | 'unpaired' | 'unusable'>> {
  const ofSet = eq(prompts.promptSetId, promptSetId);
  const bySplit = await database
    .select({ split: prompts.split, n: sql<number>`count(*)` })
    .from(prompts)
    .where(ofSet)
    .groupBy(prompts.split);
  const [repeated] = await database
    .select({ n: sql<number>`count(*) - count(distinct ${prompts.textSha256})` })
    .from(prompts)
    .where(ofSet);
  const textsOf = (split: Split) =>
    database
      .select({ text: prompts.textSha256 })
      .from(prompts)
      .where(and(ofSet, eq(prompts.split, split)));
  const inBoth = async (other: Split) => {
    const both = intersect(textsOf('train'), textsOf(other)).as('both');
    const [found] = await database.select({ n: sql<number>`count(*)` }).from(both);
    return found?.n ?? 0;
  };
  const count = (split: Split) => bySplit.find((row) => row.split === split)?.n ?? 0;
  return {
    train: count('train'),
    dev: count('dev'),
    test: count('test'),
    duplicates: repeated?.n ?? 0,
    trainTestOverlap: await inBoth('test'),
    trainDevOverlap: await inBoth('dev'),
  };
}

/** Which prompts of a set are counted, and up to how many: the rest is not read. */
interface Counted {
  readonly promptSetId: string;
  readonly split: Split;
  /** The first so many rows alone; null for all. */
  readonly first: number | null;
  /** Rows that people labelled alone. */
  readonly labelled: boolean;
  readonly enough: number;
}

/** How many different prompts there are, at most `enough`. */
export async function countDifferentPrompts(
  database: Database,
  { promptSetId, split, first, labelled, enough }: Counted,
): Promise<number> {
  const ofSplit = and(eq(prompts.promptSetId, promptSetId), eq(prompts.split, split));
  const rows = database
    .select({ text: prompts.textSha256 })
    .from(prompts)
    .where(labelled ? and(ofSplit, isNotNull(prompts.chosen), isNotNull(prompts.rejected)) : ofSplit)
    .orderBy(prompts.position)
    .limit(first ?? ALL)
    .as('rows');
  return (await database.selectDistinct({ text: rows.text }).from(rows).limit(enough)).length;
}

/** How many rows of a split people labelled. */
export async function countLabelledRows(
  database: Database,
  promptSetId: string,
  split: Split,
): Promise<number> {
  return await database.$count(
    prompts,
    and(
      eq(prompts.promptSetId, promptSetId),
      eq(prompts.split, split),
      isNotNull(prompts.chosen),
      isNotNull(prompts.rejected),
    ),
  );
}

/** Gives an uploaded set its name: from now on it is there. */
export function finishPromptSet(
  database: Database,
  set: {
    readonly id: string;
    readonly name: string;
    readonly contentSha256: string;
    readonly bytes: number;
    readonly counts: PromptSetCounts;
  },
  now: number,
): Statement {
  const { id, name, contentSha256, bytes, counts } = set;
  return database
    .update(promptSets)
    .set({ name, contentSha256, bytes, counts, readyAt: now })
    .where(eq(promptSets.id, id));
}

/** The prompts go with it. */
export function deletePromptSet(database: Database, id: string): Statement {
  return database.delete(promptSets).where(eq(promptSets.id, id));
}
