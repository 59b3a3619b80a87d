/** What a backup says of itself: written last, so that a folder without it is none. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../shared/user-error.ts';

const FILE = 'backup.json';
const FORM = 'rlcd-store-backup';
const VERSION = 1;

const manifest = z.object({
  form: z.literal(FORM),
  version: z.literal(VERSION),
  createdAt: z.string(),
  artifacts: z.int(),
  bytes: z.int(),
  /** What was wrong with the store when the backup was taken, as `rlcd store check` says it. */
  faults: z.array(z.string()),
  /** Of the database file. */
  databaseSha256: z.string(),
});
export type Manifest = z.infer<typeof manifest>;

/** The text of a manifest, and where in the folder it goes. */
export function writtenManifest(
  directory: string,
  facts: Omit<Manifest, 'form' | 'version'>,
): { readonly path: string; readonly text: string; readonly said: Manifest } {
  const said: Manifest = { form: FORM, version: VERSION, ...facts };
  return { path: join(directory, FILE), text: `${JSON.stringify(said, null, 2)}\n`, said };
}

/** @throws UserError where the folder holds no whole backup, or one that a newer version has made */
export function readManifest(directory: string): Manifest {
  const path = join(directory, FILE);
  if (!existsSync(path)) {
    throw new UserError(`${directory} is no backup, or one that was broken off: it has no ${FILE}`, {
      code: 'no-backup',
      cure: 'Name a folder that rlcd store backup has written to its end',
    });
  }
  let said: unknown;
  try {
    said = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new UserError(`${path} is not JSON, so the backup is damaged`, {
      code: 'backup-damaged',
      cure: 'Restore another backup',
      cause,
    });
  }
  const newer = z.object({ form: z.literal(FORM), version: z.int().min(VERSION + 1) }).safeParse(said);
  if (newer.success) {
    throw new UserError(
      `A newer version of rlcd has made this backup (form ${newer.data.version}; this one reads ${VERSION})`,
      {
        code: 'newer-backup',
        cure: 'Restore it with that version',
      },
    );
  }
  const known = manifest.safeParse(said);
  if (known.success) return known.data;
  throw new UserError(`${path} does not say what a backup says: ${z.prettifyError(known.error)}`, {
    code: 'backup-damaged',
    cure: 'Restore another backup',
  });
}

export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path) as AsyncIterable<Uint8Array>) hash.update(chunk);
  return hash.digest('hex');
}
