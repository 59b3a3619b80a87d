/** Checkpoints whose bytes are gone or of no use: the task goes on from the one before, which costs time instead of the task. */
import { isIntact } from '../store/artifact-bytes.ts';
import { artifactBlob, findArtifact } from '../store/artifacts.ts';
import type { Store } from '../store/database.ts';
import { dropCheckpoint } from '../store/leases/checkpoint.ts';

export interface Checkpointed {
  readonly taskId: string;
  readonly sha256: string | null;
  readonly step: number | null;
}

/**
 * Drops a task's checkpoint if its bytes are damaged.
 *
 * @param thorough reads and hashes the bytes, for a runner that has found them damaged; else their number is enough
 * @returns whether it was dropped
 */
export async function dropIfDamaged(
  store: Store,
  { taskId, sha256, step }: Checkpointed,
  now: number,
  thorough = false,
): Promise<boolean> {
  if (sha256 === null) return false;
  const row = await findArtifact(store.database, sha256);
  const intact =
    row !== undefined &&
    (await store.blobs.size(artifactBlob(row))) === row.bytes &&
    (!thorough || (await isIntact(store, row)));
  if (intact) return false;
  await dropCheckpoint(store.database, { taskId, sha256, step }, now);
  return true;
}

/** Drops a checkpoint whose bytes are the right ones, which the runner of the task's lease cannot read. */
export async function dropUnreadable(
  store: Store,
  { taskId, sha256, step }: Checkpointed,
  now: number,
): Promise<void> {
  if (sha256 === null) return;
  await dropCheckpoint(store.database, { taskId, sha256, step }, now, 'a runner cannot read what it holds');
}
