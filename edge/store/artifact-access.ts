/** What a runner's key may touch: the artifacts of a task whose lease it holds. */
import { and, eq, exists, or, sql } from 'drizzle-orm';
import type { Database } from './database.ts';
import { given } from './json-rows.ts';
import { hasStatus, taskPuts, tasks } from './schema/index.ts';
import { prepared } from './statement.ts';

const readableTask = prepared((database) => {
  const sha256 = sql.placeholder('sha256');
  const isInput = database
    .select({ one: sql`1` })
    .from(sql`json_each(${tasks.specification}, '$.inputs') given`)
    .where(eq(given('sha256'), sha256));
  const isMade = database
    .select({ one: sql`1` })
    .from(taskPuts)
    .where(and(eq(taskPuts.sha256, sha256), eq(taskPuts.taskId, tasks.id)));
  return database
    .select({ id: tasks.id })
    .from(tasks)
    .where(
      and(
        eq(tasks.id, sql.placeholder('taskId')),
        hasStatus('leased'),
        eq(tasks.leaseKeyId, sql.placeholder('keyId')),
        or(
          eq(tasks.checkpointSha256, sha256),
          eq(sql`${tasks.specification} ->> '$.prompts.sha256'`, sha256),
          exists(isInput),
          exists(isMade),
        ),
      ),
    )
    .prepare();
});

/** Whether the key holds the task's lease and the task reads, resumes from or made the artifact. */
export async function mayReadArtifact(
  database: Database,
  request: { readonly taskId: string; readonly keyId: string; readonly sha256: string },
): Promise<boolean> {
  return (await readableTask(database).get({ ...request })) !== undefined;
}
