/** Finds what an experiment names, by name or by id. */
import { eq } from 'drizzle-orm';
import { findBaseModel, findBaseModelByName } from './base-models.ts';
import type { Database } from './database.ts';
import { promptSets } from './schema/index.ts';

export async function resolvePromptSet(database: Database, reference: string) {
  const byName = await database.select().from(promptSets).where(eq(promptSets.name, reference)).get();
  return byName ?? (await database.select().from(promptSets).where(eq(promptSets.id, reference)).get());
}

export async function resolveBaseModel(database: Database, reference: string) {
  return (await findBaseModelByName(database, reference)) ?? (await findBaseModel(database, reference));
}
