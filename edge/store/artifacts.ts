/** Queries on artifacts; their bytes lie in the blob store. */
import { and, desc, eq, sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Database } from './database.ts';
import { readCursor, toPage, type PageRequest } from './page.ts';
import { prepared } from './statement.ts';
import { artifacts } from './schema/index.ts';

export type ArtifactRow = typeof artifacts.$inferSelect;

/** The blob of an artifact. */
export function artifactBlob({ sha256, writing }: Pick<ArtifactRow, 'sha256' | 'writing'>): string {
  return `artifacts/${sha256}${writing === '' ? '' : `-${writing}`}`;
}

const artifactBySha256 = prepared((database) =>
  database
    .select()
    .from(artifacts)
    .where(eq(artifacts.sha256, sql.placeholder('sha256')))
    .prepare(),
);

export async function findArtifact(database: Database, sha256: string): Promise<ArtifactRow | undefined> {
  return await artifactBySha256(database).get({ sha256 });
}

interface ArtifactFilters extends PageRequest {
  readonly kind?: ArtifactRow['kind'] | undefined;
  readonly producedByTaskId?: string | undefined;
}

export async function listArtifacts(database: Database, page: ArtifactFilters) {
  const before = readCursor(page, z.tuple([z.int(), z.string()]));
  const rows = await database
    .select()
    .from(artifacts)
    .where(
      and(
        page.kind === undefined ? undefined : eq(artifacts.kind, page.kind),
        page.producedByTaskId === undefined
          ? undefined
          : eq(artifacts.producedByTaskId, page.producedByTaskId),
        before && sql`(${artifacts.createdAt}, ${artifacts.sha256}) < (${before[0]}, ${before[1]})`,
      ),
    )
    .orderBy(desc(artifacts.createdAt), desc(artifacts.sha256))
    .limit(page.limit + 1);
  return toPage(rows, page, (row) => [row.createdAt, row.sha256]);
}
