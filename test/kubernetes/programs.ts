/** A Kubernetes API server and its etcd, built once from the modules that go.mod and go.sum pin, and kept in a cache folder. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { exists } from '../../gpu-runner/files/files.ts';
import { UserError } from '../../shared/user-error.ts';
import { defaultCacheFolder } from '../python-environment.ts';

const run = promisify(execFile);
const MODULE = fileURLToPath(new URL('.', import.meta.url));
const LONGEST_OUTPUT = 64 * 1024 * 1024;
const PROGRAMS = {
  etcd: 'go.etcd.io/etcd/server/v3',
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  'read-figure': './read-figure',
} as const;

/** Where each program is. */
export type Programs = Readonly<Record<keyof typeof PROGRAMS, string>>;

async function folderOf(cache: string): Promise<string> {
  const names = ['go.mod', 'go.sum', 'read-figure/main.go'];
  const texts = await Promise.all(names.map((name) => readFile(path.join(MODULE, name), 'utf8')));
  const key = createHash('sha256').update(texts.join('\n')).digest('hex').slice(0, 16);
  return path.join(cache, key);
}

const programsIn = (folder: string): Programs => ({
  etcd: path.join(folder, 'etcd'),
  'kube-apiserver': path.join(folder, 'kube-apiserver'),
  'read-figure': path.join(folder, 'read-figure'),
});

/** @returns undefined where they were not built yet */
export async function findPrograms(cache = defaultCacheFolder('kubernetes')): Promise<Programs | undefined> {
  const folder = await folderOf(cache);
  return (await exists(path.join(folder, 'finished'))) ? programsIn(folder) : undefined;
}

/**
 * Builds what is not there yet; what was built before an interruption is kept by Go's own cache.
 *
 * @throws UserError where there is no Go, or a module does not come or is not the one of go.sum
 */
export async function makePrograms(
  log: (line: string) => void,
  cache = defaultCacheFolder('kubernetes'),
): Promise<Programs> {
  const found = await findPrograms(cache);
  if (found) return found;
  const folder = await folderOf(cache);
  await mkdir(folder, { recursive: true });
  const programs = programsIn(folder);
  for (const name of Object.keys(PROGRAMS) as (keyof Programs)[]) {
    log(`building ${name} in ${folder}`);
    await build(PROGRAMS[name], programs[name]);
  }
  await writeFile(path.join(folder, 'finished'), '');
  return programs;
}

async function build(source: string, program: string): Promise<void> {
  try {
    const words = ['build', '-mod=readonly', '-trimpath', '-ldflags=-s -w', '-o', program, source];
    await run('go', words, {
      cwd: MODULE,
      env: { ...process.env, CGO_ENABLED: '0' },
      maxBuffer: LONGEST_OUTPUT,
    });
  } catch (error) {
    const lines = error instanceof Error ? error.message.trim().split('\n').slice(-3).join(' ') : '';
    throw new UserError(`go build ${source} failed: ${lines}`, {
      code: 'no-cluster',
      cure: 'Install Go 1.26 or newer, and see that a module registry answers (go env GOPROXY) and 4 GB of disk are free',
      cause: error,
    });
  }
}
