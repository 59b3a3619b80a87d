/** Every artifact's bytes against its hash, and artifacts that nobody would ever collect. */
import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import { and, eq, inArray, isNull, ne, or, sql } from 'drizzle-orm';
import { faultOfBytes } from '../store/artifact-bytes.ts';
import { artifactBlob, findArtifact, type ArtifactRow } from '../store/artifacts.ts';
import { isPending, isUsed } from '../store/collect.ts';
import type { Database, Store } from '../store/database.ts';
import { writeSplit } from '../store/prompt-splits.ts';
import { artifacts, promptSets, promptSplits, scorers, taskOutputs, tasks } from '../store/schema/index.ts';
import { forgetCheckpoint } from './check-database.ts';
import { counted, sizeOf, type Finding, type Repaired } from './finding.ts';
import type { OpenFolder } from './folder.ts';

/** Where `--repair` moves bytes that are not those of their hash. */
const DAMAGED_FOLDER = 'damaged';

/** What reads the artifact, or made it. */
async function usesOf(database: Database, sha256: string) {
  const who = { id: tasks.id, kind: tasks.kind, experimentId: tasks.experimentId };
  const isResumed = or(eq(tasks.checkpointSha256, sha256), eq(tasks.previousCheckpointSha256, sha256));
  return {
    makers: await database
      .select(who)
      .from(tasks)
      .innerJoin(taskOutputs, eq(taskOutputs.taskId, tasks.id))
      .where(eq(taskOutputs.sha256, sha256)),
    resuming: await database
      .select({ ...who, newest: tasks.checkpointSha256, step: tasks.checkpointStep })
      .from(tasks)
      .where(isResumed),
    splits: await database
      .select({ promptSetId: promptSplits.promptSetId, split: promptSplits.split, name: promptSets.name })
      .from(promptSplits)
      .innerJoin(promptSets, eq(promptSets.id, promptSplits.promptSetId))
      .where(eq(promptSplits.sha256, sha256)),
    scorers: await database.select({ id: scorers.id }).from(scorers).where(eq(scorers.sha256, sha256)),
  };
}
type Uses = Awaited<ReturnType<typeof usesOf>>;

/** Whether somebody may still want the bytes: what is left over is collected, damaged or not. */
async function isWanted(database: Database, { sha256 }: ArtifactRow): Promise<boolean> {
  const wanted = or(artifacts.isKept, isUsed(database), isPending(database));
  const rows = await database
    .select({ sha256: artifacts.sha256 })
    .from(artifacts)
    .where(and(eq(artifacts.sha256, sha256), wanted));
  return rows.length > 0;
}

/** Reads everything. */
export async function checkBytes(store: OpenFolder, rows: readonly ArtifactRow[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const row of rows) {
    const fault = await faultOfBytes(store, row);
    if (fault === undefined) continue;
    // An edge that serves the folder may have collected it meanwhile, or written it anew.
    const present = await findArtifact(store.database, row.sha256);
    if (present?.writing !== row.writing || !(await isWanted(store.database, row))) continue;
    findings.push(damaged(row, fault, await usesOf(store.database, row.sha256)));
  }
  return findings;
}

function damaged(row: ArtifactRow, fault: string, uses: Uses): Finding {
  const { sha256, kind, bytes } = row;
  const [maker] = uses.makers;
  const [resuming] = uses.resuming;
  const [split] = uses.splits;
  const origin =
    (maker && `made by task ${maker.id} (${maker.kind}) of experiment ${maker.experimentId}`) ??
    (resuming &&
      `a checkpoint of task ${resuming.id} (${resuming.kind}) of experiment ${resuming.experimentId}`) ??
    (split && `the split ${split.split} of prompt set ${split.name}`) ??
    (row.isKept ? 'put by a client' : 'put for a task');
  return {
    code: 'artifact-damaged',
    found: `Artifact ${sha256} (${kind}, ${sizeOf(bytes)}, ${origin}) ${fault}`,
    cure: cureOf(row, uses),
    repair: async (folder, now) => await repairBytes(folder, row, uses, now),
  };
}

function cureOf({ sha256, kind }: ArtifactRow, { makers, resuming, splits }: Uses): string {
  const put = `put the right bytes again: PUT /v1/artifacts/${sha256}?kind=${kind}`;
  if (makers.length > 0)
    return `Run with --repair and make the experiment again, which then makes them anew, or ${put}`;
  if (resuming.length > 0) return 'The task goes on from the checkpoint before: --repair drops this one';
  if (splits.length > 0) return 'Run with --repair, which writes them anew from the prompts';
  return `${put[0]?.toUpperCase() ?? ''}${put.slice(1)}`;
}

async function repairBytes(
  { directory, database, blobs }: OpenFolder,
  row: ArtifactRow,
  uses: Uses,
  now: number,
): Promise<Repaired> {
  const did: string[] = [];
  const name = artifactBlob(row);
  if ((await blobs.size(name)) !== undefined) {
    const aside = join(directory, DAMAGED_FOLDER, basename(name));
    await blobs.setAside(name, aside);
    did.push(`The damaged bytes were moved to ${aside}`);
  }
  for (const { id: taskId, newest, step } of uses.resuming) {
    const checkpoint = { taskId, sha256: row.sha256, step: newest === row.sha256 ? step : null };
    await forgetCheckpoint(database, checkpoint, now);
    did.push(`the checkpoint of task ${taskId} was dropped`);
  }
  for (const { promptSetId, split } of uses.splits) {
    const written = await writeSplit({ database, blobs }, promptSetId, split, now);
    if (written.sha256 === row.sha256) did.push('the bytes were written anew from the prompts');
  }
  for (const { id } of uses.makers) {
    if (await forgetWork(database, id))
      did.push(`an experiment that needs the work of task ${id} does it anew`);
  }
  const isMended = !(await isWanted(database, row)) || (await isWhole({ database, blobs }, row));
  const text = did.join('; ');
  return { did: text === '' ? 'Nothing was left to do here' : text, isMended };
}

async function isWhole(store: Store, { sha256 }: ArtifactRow): Promise<boolean> {
  const row = await findArtifact(store.database, sha256);
  return row !== undefined && (await faultOfBytes(store, row)) === undefined;
}

/**
 * Equal work finds a task by its content key and does not do it again: under another key it does, puts the same bytes
 * under their hash, and so mends them for every task that names them.
 */
async function forgetWork(database: Database, id: string): Promise<boolean> {
  const contentKey = createHash('sha256').update(`outputs damaged: ${id}`).digest('hex');
  const changed = await database
    .update(tasks)
    .set({ contentKey })
    .where(and(eq(tasks.id, id), ne(tasks.contentKey, contentKey)))
    .returning({ id: tasks.id });
  return changed.length > 0;
}

/** What nothing uses and no round of the collector would look at. */
export async function checkForgotten({ database }: OpenFolder): Promise<Finding[]> {
  const rows = await database
    .select({ sha256: artifacts.sha256, kind: artifacts.kind, bytes: artifacts.bytes })
    .from(artifacts)
    .where(and(isNull(artifacts.dueAt), eq(artifacts.isKept, false), sql`not (${isUsed(database)})`));
  if (rows.length === 0) return [];
  const bytes = rows.reduce((sum, row) => sum + row.bytes, 0);
  const checkpoints = rows.filter(({ kind }) => kind === 'checkpoint').length;
  const which = checkpoints > 0 ? `, superseded checkpoints among them: ${checkpoints}` : '';
  return [
    {
      code: 'artifact-forgotten',
      found: `${counted(rows.length, 'artifact', 'artifacts')} (${sizeOf(bytes)}${which}) that nothing uses, and that the collector would not look at`,
      cure: 'Run with --repair: the collector then takes them after their time of grace',
      repair: async (folder) => {
        const names = rows.map(({ sha256 }) => sha256);
        for (let start = 0; start < names.length; start += 50) {
          const some = inArray(artifacts.sha256, names.slice(start, start + 50));
          await folder.database.update(artifacts).set({ dueAt: 0 }).where(some);
        }
        return { did: 'The collector takes them after their time of grace', isMended: true };
      },
    },
  ];
}
