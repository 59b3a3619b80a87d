/** The dashboard's built files: made when they are missing or older than their sources, in a second or two. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { build as ViteBuild } from 'vite';
import { hasCode } from '../../shared/caught.ts';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const SOURCES = ['edge/dashboard', 'shared', 'package-lock.json'];
/** Beside the built files, not among them: what they were built from. */
const STAMP = 'sources.sha256';

/** Where the built files lie; wrangler.toml names it, too. */
const DASHBOARD_FOLDER = join(REPOSITORY, 'dist/dashboard/files');

async function hashOfSources(): Promise<string> {
  const files: string[] = [];
  for (const source of SOURCES) {
    const path = join(REPOSITORY, source);
    if (source.includes('.')) files.push(path);
    else {
      const entries = await readdir(path, { recursive: true, withFileTypes: true });
      for (const entry of entries) if (entry.isFile()) files.push(join(entry.parentPath, entry.name));
    }
  }
  const hash = createHash('sha256');
  for (const file of files.sort()) {
    hash.update(`${file}\0`).update(
      createHash('sha256')
        .update(await readFile(file))
        .digest(),
    );
  }
  return hash.digest('hex');
}

async function readStamp(folder: string): Promise<string | undefined> {
  const file = join(folder, STAMP);
  return existsSync(file) ? await readFile(file, 'utf8') : undefined;
}

/**
 * Builds the dashboard unless what is there was built from the same sources. An installation without its sources'
 * tools (`npm ci --omit=dev`) serves what was built into it.
 *
 * @returns the folder of the built files
 * @throws Error where nothing is built and the tools are missing
 */
export async function ensureDashboard(): Promise<string> {
  const parent = join(DASHBOARD_FOLDER, '..');
  await mkdir(parent, { recursive: true });
  const wanted = await hashOfSources();
  if ((await readStamp(parent)) === wanted && existsSync(DASHBOARD_FOLDER)) return DASHBOARD_FOLDER;
  const { build } = await loadVite();
  // Built aside and moved, so that nobody is served half of it, whoever else builds at the same time.
  const fresh = await mkdtemp(join(parent, 'build-'));
  const configFile = join(REPOSITORY, 'edge/dashboard/vite.config.ts');
  await build({ configFile, build: { outDir: join(fresh, 'files') } });
  await rename(DASHBOARD_FOLDER, join(fresh, 'old')).catch(ignoreMissing);
  await rename(join(fresh, 'files'), DASHBOARD_FOLDER).catch(ignorePresent);
  await writeFile(join(parent, STAMP), wanted);
  await rm(fresh, { recursive: true, force: true });
  return DASHBOARD_FOLDER;
}

async function loadVite(): Promise<{ readonly build: typeof ViteBuild }> {
  try {
    return await import('vite');
  } catch (cause) {
    throw new Error('the dashboard is not built and vite is missing: npm ci, then npm run build:dashboard', {
      cause,
    });
  }
}

function ignoreMissing(error: unknown): void {
  if (!hasCode(error, 'ENOENT')) throw error;
}

/** Another process has put the same files there a moment before. */
function ignorePresent(error: unknown): void {
  if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error;
}
