/** Blobs that no row names yet: noted before they have their name, so that whatever breaks off is collected. */
import { and, eq, type SQL } from 'drizzle-orm';
import { DomainError } from '../domain/errors.ts';
import { commit, type Database, type Statement, type Store } from './database.ts';
import { quotaOf } from './quotas.ts';
import { unusedBlobs } from './schema/index.ts';

/** Longer than any request: a blob that is still being written is not collected. */
const WRITING_MILLISECONDS = 24 * 60 * 60 * 1000;

/** @param verify throws after the last byte where the bytes are not wanted: then nothing of them stays */
export async function putNoted(
  { database, blobs }: Store,
  name: string,
  content: AsyncIterable<Uint8Array>,
  now: number,
  verify: () => void = () => undefined,
): Promise<void> {
  await blobs.put(name, content, async () => {
    verify();
    // Before the name is there, and after all that can refuse the bytes: a refusal changes nothing.
    await commit(database, [
      database.insert(unusedBlobs).values({ name, dueAt: now + WRITING_MILLISECONDS }),
    ]);
  });
}

/** For the batch that names the blob. @param condition where it holds; left out: always */
export function forgetNote(database: Database, name: string, condition?: SQL): Statement {
  return database.delete(unusedBlobs).where(and(eq(unusedBlobs.name, name), condition));
}

/**
 * Deletes a blob whose batch was refused. Not after a day, when it is collected: who is refused again and again would fill
 * the disk. After any other error the batch may have taken effect, and the blob is left to the collector.
 *
 * @throws the error
 */
export async function takeBackRefused(
  { database, blobs }: Store,
  name: string,
  error: unknown,
): Promise<never> {
  if (error instanceof DomainError || quotaOf(error) !== undefined) {
    await blobs.delete(name);
    await commit(database, [forgetNote(database, name)]);
  }
  throw error;
}

/** Deletes at once what a batch has noted as unused; what cannot be deleted is left to the collector, which tells why. */
export async function deleteNoted({ blobs }: Store, names: readonly string[]): Promise<void> {
  for (const name of names) await blobs.delete(name).catch(() => undefined);
}
