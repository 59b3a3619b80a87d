/** Queries on runners: who is alive, and what each does since when. */
import { and, desc, eq, gt, isNotNull, lte, sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Fleet } from '../domain/waiting.ts';
import type { Database } from './database.ts';
import { readCursor, toPage, type PageRequest } from './page.ts';
import { hasStatus, runners, tasks } from './schema/index.ts';
import { prepared } from './statement.ts';

/** A runner that was silent for longer than this is taken for gone: heartbeats and claims come every 10 s. */
export const SILENCE_MILLISECONDS = 45_000;
/** More than these are not tried for one answer. */
const MOST_SERVING = 100;

/** Whether a runner computes on a GPU: the device's kind is what its engine uses. */
export const hasGpu = sql`${runners.device} ->> 'kind' = 'cuda'`;

/** The newest first. @param status live: only those that were heard lately; gone: only the others */
export async function listRunners(
  database: Database,
  { status, ...page }: PageRequest & { readonly status?: 'live' | 'gone' | undefined },
  now: number,
) {
  const before = readCursor(page, z.tuple([z.int(), z.string()]));
  const since = now - SILENCE_MILLISECONDS;
  const order = status === undefined ? runners.createdAt : runners.seenAt;
  const found = await database
    .select({
      id: runners.id,
      name: runners.name,
      engineVersion: runners.engineVersion,
      device: runners.device,
      serveUrl: runners.serveUrl,
      createdAt: runners.createdAt,
      seenAt: runners.seenAt,
      task: {
        id: tasks.id,
        kind: tasks.kind,
        experimentId: tasks.experimentId,
        stage: tasks.stage,
        since: tasks.claimedAt,
      },
    })
    .from(runners)
    // A runner holds one task at a time: a claim takes nothing for one that holds another.
    .leftJoin(tasks, and(eq(tasks.leaseRunnerId, runners.id), hasStatus('leased')))
    .where(
      and(
        status && (status === 'live' ? gt(runners.seenAt, since) : lte(runners.seenAt, since)),
        before && sql`(${order}, ${runners.id}) < (${before[0]}, ${before[1]})`,
      ),
    )
    .orderBy(desc(order), desc(runners.id))
    .limit(page.limit + 1);
  const { items, nextCursor } = toPage(found, page, (row) => [
    status === undefined ? row.createdAt : row.seenAt,
    row.id,
  ]);
  return {
    nextCursor,
    items: items.map(({ task, ...row }) =>
      Object.assign(row, {
        status: row.seenAt > since ? ('live' as const) : ('gone' as const),
        task: task && { ...task, since: task.since ?? 0 },
      }),
    ),
  };
}

const servingRunners = prepared((database) =>
  database
    .select({ id: runners.id, name: runners.name, keyId: runners.keyId, serveUrl: runners.serveUrl })
    .from(runners)
    .where(and(gt(runners.seenAt, sql.placeholder('since')), isNotNull(runners.serveUrl)))
    .orderBy(desc(runners.seenAt), desc(runners.id))
    .limit(MOST_SERVING)
    .prepare(),
);

/** Live runners that serve models. */
export async function listServingRunners(database: Database, now: number) {
  const found = await servingRunners(database).all({ since: now - SILENCE_MILLISECONDS });
  return found.flatMap(({ serveUrl, ...row }) => (serveUrl === null ? [] : [{ ...row, serveUrl }]));
}

const liveRunners = prepared((database) =>
  database
    .select({ engineVersion: runners.engineVersion, count: sql<number>`count(*)` })
    .from(runners)
    .where(gt(runners.seenAt, sql.placeholder('since')))
    .groupBy(runners.engineVersion)
    .prepare(),
);

export async function readFleet(database: Database, now: number): Promise<Fleet> {
  const found = await liveRunners(database).all({ since: now - SILENCE_MILLISECONDS });
  return { live: new Map(found.map(({ engineVersion, count }) => [engineVersion, count])) };
}
