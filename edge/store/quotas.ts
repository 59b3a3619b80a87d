/**
 * What one key may have in the store. It is held in the transaction of what the key makes, so that requests at once do not
 * exceed it together; what is in the way is read afterwards, for the answer.
 */
import { and, eq, inArray, sql, type SQL } from 'drizzle-orm';
import type { Database, Statement } from './database.ts';
import { qualify } from './qualify.ts';
import { creatorId } from './schema/columns.ts';
import { apiKeys, artifacts, experiments, promptSets, uploadParts, uploads } from './schema/index.ts';

/** Null: nothing of its own holds the key back. */
export type Quotas = Pick<
  typeof apiKeys.$inferSelect,
  'requestsPerMinute' | 'openStreams' | 'storedBytes' | 'experimentsUnderWay'
>;

export const NO_QUOTAS: Quotas = {
  requestsPerMinute: null,
  openStreams: null,
  storedBytes: null,
  experimentsUnderWay: null,
};

/** The bytes of artifacts and prompt sets that a key made, and of parts that are no artifact yet. */
function storedBytes(database: Database, keyId: string): SQL {
  const whole = database
    .select({ one: sql`1` })
    .from(artifacts)
    .where(sql`${qualify(artifacts.sha256)} = ${qualify(uploads.sha256)}`);
  const sums = [
    database
      .select({ bytes: sql`sum(${qualify(artifacts.bytes)})` })
      .from(artifacts)
      .where(eq(creatorId(qualify(artifacts.createdBy)), keyId)),
    database
      .select({ bytes: sql`sum(${qualify(promptSets.bytes)})` })
      .from(promptSets)
      .where(eq(creatorId(qualify(promptSets.createdBy)), keyId)),
    database
      .select({ bytes: sql`sum(${qualify(uploadParts.bytes)})` })
      .from(uploads)
      .innerJoin(uploadParts, eq(uploadParts.uploadId, uploads.id))
      .where(and(eq(uploads.keyId, keyId), sql`not exists ${whole}`)),
  ];
  return sql.join(
    sums.map((sum) => sql`coalesce(${sum}, 0)`),
    sql` + `,
  );
}

function experimentsUnderWay(database: Database, keyId: string): SQL {
  return sql`${database
    .select({ count: sql`count(*)` })
    .from(experiments)
    .where(
      and(
        inArray(experiments.status, ['queued', 'running']),
        eq(creatorId(qualify(experiments.createdBy)), keyId),
      ),
    )}`;
}

/**
 * The last statements of a batch in which a key makes something. `name` and `scopes` are NOT NULL: where the key has more
 * than it may then, the whole batch has no effect.
 */
export function holdQuotas(database: Database, keyId: string, quotas: Quotas): Statement[] {
  const hold = (column: 'name' | 'scopes', used: SQL, most: number | null): Statement[] =>
    most === null
      ? []
      : [
          database
            .update(apiKeys)
            .set({ [column]: sql`case when ${used} <= ${most} then ${apiKeys[column]} end` })
            .where(eq(apiKeys.id, keyId)),
        ];
  return [
    ...hold('name', storedBytes(database, keyId), quotas.storedBytes),
    ...hold('scopes', experimentsUnderWay(database, keyId), quotas.experimentsUnderWay),
  ];
}

/** Which quota a batch was held back by; undefined: another error. */
export function quotaOf(error: unknown): 'storedBytes' | 'experimentsUnderWay' | undefined {
  if (!(error instanceof Error)) return undefined;
  const [, column] = /NOT NULL constraint failed: api_keys\.(name|scopes)/.exec(error.message) ?? [];
  if (column === 'name') return 'storedBytes';
  return column === 'scopes' ? 'experimentsUnderWay' : quotaOf(error.cause);
}
