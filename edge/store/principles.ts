/** Queries on principles, their versions and labels. */
import { and, desc, eq, lt, sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Database, Statement } from './database.ts';
import { labelMovesOf, withLabels } from './label-moves.ts';
import { readCursor, toPage, type PageRequest } from './page.ts';
import { qualify } from './qualify.ts';
import { principleLabels, principles, principleVersions } from './schema/index.ts';

type PrincipleRow = typeof principles.$inferSelect;
type VersionRow = typeof principleVersions.$inferSelect;

/** The number of the newest version: one look at the end of the index (principle, number). */
const latestVersion = sql<number>`(
  select ${qualify(principleVersions.number)} from ${principleVersions}
  where ${qualify(principleVersions.principleId)} = ${qualify(principles.id)}
  order by ${qualify(principleVersions.number)} desc limit 1)`;

const labelMoves = labelMovesOf(
  principleLabels,
  sql`${qualify(principleLabels.versionId)} = ${qualify(principleVersions.id)}`,
);

export async function findPrinciple(database: Database, name: string): Promise<PrincipleRow | undefined> {
  return await database.select().from(principles).where(eq(principles.name, name)).get();
}

export async function findLatestNumber(database: Database, principleId: string): Promise<number> {
  const row = await database
    .select({ number: principleVersions.number })
    .from(principleVersions)
    .where(eq(principleVersions.principleId, principleId))
    .orderBy(desc(principleVersions.number))
    .limit(1)
    .get();
  return row?.number ?? 0;
}

export async function listPrinciples(database: Database, page: PageRequest) {
  const before = readCursor(page, z.string());
  const rows = await database
    .select({
      id: principles.id,
      name: principles.name,
      createdAt: principles.createdAt,
      createdBy: principles.createdBy,
      latestVersion,
    })
    .from(principles)
    .where(before === undefined ? undefined : lt(principles.id, before))
    .orderBy(desc(principles.id))
    .limit(page.limit + 1);
  return toPage(rows, page, (row) => row.id);
}

const versionColumns = {
  principle: principles.name,
  id: principleVersions.id,
  number: principleVersions.number,
  definition: principleVersions.definition,
  createdAt: principleVersions.createdAt,
  createdBy: principleVersions.createdBy,
  labelMoves,
};

export async function listVersions(database: Database, principleId: string, page: PageRequest) {
  const before = readCursor(page, z.int());
  const rows = await database
    .select(versionColumns)
    .from(principleVersions)
    .innerJoin(principles, eq(principles.id, principleVersions.principleId))
    .where(
      and(
        eq(principleVersions.principleId, principleId),
        before === undefined ? undefined : lt(principleVersions.number, before),
      ),
    )
    .orderBy(desc(principleVersions.number))
    .limit(page.limit + 1);
  return toPage(rows.map(withLabels), page, (row) => row.number);
}

/** @param reference a version's number in decimal, or a label */
export async function findVersion(database: Database, principleId: string, reference: string) {
  const number = /^\d+$/.test(reference) ? Number(reference) : undefined;
  const label = and(eq(principleLabels.principleId, principleId), eq(principleLabels.name, reference));
  const labelled = database.select({ id: principleLabels.versionId }).from(principleLabels).where(label);
  const row = await database
    .select(versionColumns)
    .from(principleVersions)
    .innerJoin(principles, eq(principles.id, principleVersions.principleId))
    .where(
      number === undefined
        ? eq(principleVersions.id, labelled)
        : and(eq(principleVersions.principleId, principleId), eq(principleVersions.number, number)),
    )
    .get();
  return row && withLabels(row);
}

export function insertPrinciple(database: Database, row: PrincipleRow): Statement {
  return database.insert(principles).values(row);
}

export function insertVersion(database: Database, row: VersionRow): Statement {
  return database.insert(principleVersions).values(row);
}

export function moveLabel(database: Database, row: typeof principleLabels.$inferSelect): Statement {
  return database
    .insert(principleLabels)
    .values(row)
    .onConflictDoUpdate({
      target: [principleLabels.principleId, principleLabels.name],
      set: { versionId: row.versionId, movedAt: row.movedAt, movedBy: row.movedBy },
    });
}

export function deleteVersion(database: Database, id: string): Statement {
  return database.delete(principleVersions).where(eq(principleVersions.id, id));
}

export async function hasLabel(database: Database, principleId: string, name: string): Promise<boolean> {
  const isIt = and(eq(principleLabels.principleId, principleId), eq(principleLabels.name, name));
  return (await database.select().from(principleLabels).where(isIt).get()) !== undefined;
}

export function deleteLabel(database: Database, principleId: string, name: string): Statement {
  const isIt = and(eq(principleLabels.principleId, principleId), eq(principleLabels.name, name));
  return database.delete(principleLabels).where(isIt);
}

/** With its versions and its labels. */
export function deletePrinciple(database: Database, id: string): Statement[] {
  return [
    database.delete(principleLabels).where(eq(principleLabels.principleId, id)),
    database.delete(principleVersions).where(eq(principleVersions.principleId, id)),
    database.delete(principles).where(eq(principles.id, id)),
  ];
}
