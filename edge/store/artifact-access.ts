/** What a runner's key may touch: the artifacts of a task whose lease it holds. */
import type { Database } from './database.ts';
import { raw, rows } from './raw.ts';

/** Whether the key holds the task's lease and the task reads, resumes from or made the artifact. */
export async function mayReadArtifact(
  database: Database,
  { taskId, keyId, sha256 }: { readonly taskId: string; readonly keyId: string; readonly sha256: string },
): Promise<boolean> {
  const found = await rows(
    raw(
      database,
      `SELECT 1 FROM tasks t WHERE t.id = ? AND t.status = 'leased' AND t.lease_key_id = ? AND (
         t.checkpoint_sha256 = ?
         OR t.specification ->> '$.prompts.sha256' = ?
         OR EXISTS (SELECT 1 FROM json_each(t.specification, '$.inputs') i WHERE i.value ->> 'sha256' = ?)
         OR EXISTS (SELECT 1 FROM artifacts a WHERE a.sha256 = ? AND a.produced_by_task_id = t.id))`,
      taskId,
      keyId,
      sha256,
      sha256,
      sha256,
      sha256,
    ),
  );
  return found.length > 0;
}
