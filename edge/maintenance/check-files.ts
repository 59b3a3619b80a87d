/** Files without rows, rows of parts without files, and what was left half-written. */
import { eq, and } from 'drizzle-orm';
import { rm } from 'node:fs/promises';
import type { BlobFile } from '../hosts/file-blobs.ts';
import { artifactBlob, type ArtifactRow } from '../store/artifacts.ts';
import { GRACE_MILLISECONDS } from '../store/collect.ts';
import { unusedBlobs, uploadParts } from '../store/schema/index.ts';
import { UPLOAD_LIFETIME } from '../store/sweep.ts';
import { partBlob } from '../store/uploads.ts';
import { counted, sizeOf, type Finding } from './finding.ts';
import type { OpenFolder } from './folder.ts';

const NAMES_SHOWN = 3;

/** One finding for many files that are of no use. */
function useless(
  code: 'blob-without-row' | 'half-written-file',
  files: readonly BlobFile[],
  what: string,
  cure: string,
): Finding[] {
  if (files.length === 0) return [];
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const more = files.length > NAMES_SHOWN ? ', ...' : '';
  const names = `${files
    .slice(0, NAMES_SHOWN)
    .map(({ name }) => name)
    .join(', ')}${more}`;
  return [
    {
      code,
      found: `${counted(files.length, 'file', 'files')} (${sizeOf(bytes)}) ${what}: ${names}`,
      cure,
      repair: async () => {
        for (const { path } of files) await rm(path, { force: true });
        return { did: `${sizeOf(bytes)} were freed`, isMended: true };
      },
    },
  ];
}

/**
 * @param files listed before the rows were read: whatever has a name has a row or a note by then
 * @param rows every artifact
 */
export async function checkFiles(
  { database }: OpenFolder,
  files: readonly BlobFile[],
  rows: readonly ArtifactRow[],
  { isServed, now }: { readonly isServed: boolean; readonly now: number },
): Promise<Finding[]> {
  const parts = await database.select().from(uploadParts);
  const notes = await database.select({ name: unusedBlobs.name }).from(unusedBlobs);
  const known = new Set([
    ...rows.map(artifactBlob),
    ...parts.map(partBlob),
    ...notes.map(({ name }) => name),
  ]);
  const sizes = new Map(files.map(({ name, bytes }) => [name, bytes]));
  const halves = files.filter(
    ({ isTemporary, modifiedAt }) => isTemporary && (!isServed || now - modifiedAt > UPLOAD_LIFETIME),
  );
  const orphans = files.filter(
    ({ name, isTemporary, modifiedAt }) =>
      !isTemporary &&
      /^(artifacts|uploads)\//.test(name) &&
      !known.has(name) &&
      now - modifiedAt > GRACE_MILLISECONDS,
  );
  const broken = parts.filter((part) => sizes.get(partBlob(part)) !== part.bytes);
  return [
    ...useless(
      'blob-without-row',
      orphans,
      'with the bytes of artifacts or uploads of which there is no row',
      'Run with --repair, which removes them; if the database was copied back from an older state, restore a backup of both instead',
    ),
    ...useless(
      'half-written-file',
      halves,
      'left half-written by an edge that was killed',
      'The next start of the edge removes them, or --repair',
    ),
    ...(isServed ? [] : broken.map(partDamaged)),
  ];
}

function partDamaged({ uploadId, number }: typeof uploadParts.$inferSelect): Finding {
  return {
    code: 'part-damaged',
    found: `Part ${number} of upload ${uploadId} is not as long as it was sent, or gone`,
    cure: 'Send the part again; --repair forgets it, so that who sends it sees that',
    repair: async ({ database }) => {
      const isIt = and(eq(uploadParts.uploadId, uploadId), eq(uploadParts.number, number));
      await database.delete(uploadParts).where(isIt);
      return { did: 'The part was forgotten', isMended: true };
    },
  };
}
