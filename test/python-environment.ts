/** Virtual environments with the programs that ours are compared with: made once, kept in a cache folder. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { exists } from '../gpu-runner/files/files.ts';
import { UserError } from '../shared/user-error.ts';

const run = promisify(execFile);
const LONGEST_OUTPUT = 64 * 1024 * 1024;

/**
 * Where the environments of a tool are kept unless someone names another place.
 *
 * @param tool `interop`
 */
export function defaultCacheFolder(tool: string): string {
  return path.join(process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'), 'rlcd', tool);
}

/** The Python of an environment's folder. @throws UserError if there is none */
export async function interpreterOf(environment: string): Promise<string> {
  const interpreter = path.join(
    environment,
    process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python',
  );
  if (await exists(interpreter)) return interpreter;
  throw new UserError(`${environment} holds no Python`, {
    cure: 'Name the folder of a virtual environment, or leave --environment out to have one made',
  });
}

/**
 * Makes the environment where it is not there yet.
 *
 * @param lists files of requirements, each version pinned
 * @returns its Python
 * @throws UserError if there is no Python, or the registry does not answer
 */
export async function makeEnvironment(
  cacheFolder: string,
  lists: readonly URL[],
  log: (line: string) => void,
): Promise<string> {
  const texts = await Promise.all(lists.map((list) => readFile(list, 'utf8')));
  const key = createHash('sha256').update(texts.join('\n')).digest('hex').slice(0, 16);
  const folder = path.join(cacheFolder, key);
  const finished = path.join(folder, 'finished');
  if (await exists(finished)) return await interpreterOf(folder);
  log(`making a virtual environment in ${folder}`);
  await mkdir(cacheFolder, { recursive: true });
  await step(
    'python3',
    ['-m', 'venv', '--clear', folder],
    'Install Python 3.10 or newer with its venv module',
  );
  const interpreter = await interpreterOf(folder);
  for (const list of lists) {
    log(`installing ${path.basename(list.pathname)}`);
    await step(
      interpreter,
      ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--requirement', list.pathname],
      'See that the package registry answers (pip config list), or name an environment by --environment',
    );
  }
  await writeFile(finished, '');
  return interpreter;
}

/** @param cure for a step that fails */
async function step(program: string, words: readonly string[], cure: string): Promise<void> {
  try {
    await run(program, words, { maxBuffer: LONGEST_OUTPUT });
  } catch (error) {
    const reason = error instanceof Error ? error.message.trim().split('\n').slice(-3).join(' ') : '';
    throw new UserError(`${program} ${words.slice(0, 3).join(' ')} failed: ${reason}`, {
      code: 'no-environment',
      cure,
      cause: error,
    });
  }
}
