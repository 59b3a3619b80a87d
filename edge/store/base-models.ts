/** Queries on base models. */
import { desc, eq, lt, sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Database, Statement } from './database.ts';
import { readCursor, toPage, type PageRequest } from './page.ts';
import { prepared } from './statement.ts';
import { baseModels } from './schema/index.ts';

type BaseModelRow = typeof baseModels.$inferSelect;

const baseModelById = prepared((database) =>
  database
    .select()
    .from(baseModels)
    .where(eq(baseModels.id, sql.placeholder('id')))
    .prepare(),
);

export async function findBaseModel(database: Database, id: string): Promise<BaseModelRow | undefined> {
  return await baseModelById(database).get({ id });
}

export async function findBaseModelByName(
  database: Database,
  name: string,
): Promise<BaseModelRow | undefined> {
  return await database.select().from(baseModels).where(eq(baseModels.name, name)).get();
}

export async function listBaseModels(database: Database, page: PageRequest) {
  const before = readCursor(page, z.string());
  const rows = await database
    .select()
    .from(baseModels)
    .where(before === undefined ? undefined : lt(baseModels.id, before))
    .orderBy(desc(baseModels.id))
    .limit(page.limit + 1);
  return toPage(rows, page, (row) => row.id);
}

export function insertBaseModel(database: Database, row: BaseModelRow): Statement {
  return database.insert(baseModels).values(row);
}

export function deleteBaseModel(database: Database, id: string): Statement {
  return database.delete(baseModels).where(eq(baseModels.id, id));
}
