/** A split of a prompt set as an artifact: the form in which runners read prompts. */
import { createHash } from 'node:crypto';
import { and, eq, gt, sql } from 'drizzle-orm';
import type { Split } from '../../shared/api/words.ts';
import { conflict } from '../domain/errors.ts';
import { holdArtifact, writeArtifact } from './artifact-bytes.ts';
import type { Database, Statement, Store } from './database.ts';
import { artifacts, prompts, promptSplits } from './schema/index.ts';
import { prepared, type RowOf } from './statement.ts';

const ROWS_A_READ = 200;

const rowsOfSplit = prepared((database) =>
  database
    .select({
      position: prompts.position,
      text: prompts.text,
      turns: prompts.turns,
      chosen: prompts.chosen,
      rejected: prompts.rejected,
    })
    .from(prompts)
    .where(
      and(
        eq(prompts.promptSetId, sql.placeholder('promptSetId')),
        eq(prompts.split, sql.placeholder('split')),
        gt(prompts.position, sql.placeholder('after')),
      ),
    )
    .orderBy(prompts.position)
    .limit(ROWS_A_READ)
    .prepare(),
);

const knownSplit = prepared((database) =>
  database
    .select({ sha256: promptSplits.sha256, bytes: artifacts.bytes, rows: promptSplits.rows })
    .from(promptSplits)
    .innerJoin(artifacts, eq(artifacts.sha256, promptSplits.sha256))
    .where(
      and(
        eq(promptSplits.promptSetId, sql.placeholder('promptSetId')),
        eq(promptSplits.split, sql.placeholder('split')),
      ),
    )
    .prepare(),
);

/** The artifact of a split. */
export interface MaterialisedSplit {
  readonly sha256: string;
  readonly bytes: number;
  /** Prompts. */
  readonly rows: number;
  /** What the store must still learn; goes into the batch of whatever needs the split. Empty where it is known. */
  readonly writes: readonly Statement[];
}

/**
 * JSON lines of {id, prompt}, with {turns} where the text alone does not tell them and {chosen, rejected} where people
 * labelled the row, in the order of the upload: the same rows are the same bytes.
 */
async function* linesOfSplit(
  database: Database,
  promptSetId: string,
  split: Split,
): AsyncGenerator<Uint8Array> {
  for (let after = -1; ;) {
    const found = await rowsOfSplit(database).all({ promptSetId, split, after });
    const last = found.at(-1);
    if (!last) return;
    after = last.position;
    yield Buffer.from(found.map(lineOf).join(''));
  }
}

function lineOf({ position, text, turns, chosen, rejected }: RowOf<typeof rowsOfSplit>): string {
  const said = turns === null ? {} : { turns };
  const pair = chosen === null || rejected === null ? {} : { chosen, rejected };
  return `${JSON.stringify({ id: String(position), prompt: text, ...said, ...pair })}\n`;
}

/**
 * Writes a split out as an artifact, once.
 *
 * @throws DomainError `conflict` where the split has no prompt
 */
export async function materialiseSplit(
  { database, blobs }: Store,
  promptSetId: string,
  split: Split,
  now: number,
): Promise<MaterialisedSplit> {
  const known = await knownSplit(database).get({ promptSetId, split });
  if (known) return { ...known, writes: [] };
  const count = await database.$count(
    prompts,
    and(eq(prompts.promptSetId, promptSetId), eq(prompts.split, split)),
  );
  if (count === 0) {
    throw conflict(`Prompt set ${promptSetId} has no prompt in the split ${split}; use a set that has`);
  }
  const { sha256, bytes } = await writeSplit({ database, blobs }, promptSetId, split, now);
  return {
    sha256,
    bytes,
    rows: count,
    writes: [
      database.insert(promptSplits).values({ promptSetId, split, sha256, rows: count }).onConflictDoNothing(),
    ],
  };
}

/** Writes the bytes of a split where they are not stored, or are damaged. */
export async function writeSplit(
  { database, blobs }: Store,
  promptSetId: string,
  split: Split,
  now: number,
): Promise<{ readonly sha256: string; readonly bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const lines of linesOfSplit(database, promptSetId, split)) {
    hash.update(lines);
    bytes += lines.length;
  }
  const sha256 = hash.digest('hex');
  const mediaType = 'application/jsonl';
  const origin = { producedByTaskId: null, createdBy: null };
  const artifact = { sha256, mediaType, kind: 'prompts' as const, ...origin, isKept: false };
  const stored = await holdArtifact({ database, blobs }, sha256, now);
  if (!stored?.intact) {
    const lines = linesOfSplit(database, promptSetId, split);
    await writeArtifact({ database, blobs }, artifact, lines, () => undefined, now, stored?.row);
  }
  return { sha256, bytes };
}
