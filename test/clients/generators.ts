/** The programs that make clients of the OpenAPI document, each in a folder of its own that is made once. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { exists } from '../../gpu-runner/files/files.ts';
import { defaultCacheFolder, makeEnvironment } from '../python-environment.ts';

const run = promisify(execFile);
const CACHE = defaultCacheFolder('clients');
const requirements = new URL('requirements.txt', import.meta.url);
const FILES = ['package.json', 'package-lock.json'];

export interface Generators {
  /** The Python that has openapi-python-client. */
  readonly python: string;
  /** The node_modules that hold openapi-typescript, openapi-fetch and the TypeScript that they want. */
  readonly modules: string;
}

async function placeOf(names: readonly string[]): Promise<string> {
  const texts = await Promise.all(names.map((name) => readFile(new URL(name, import.meta.url), 'utf8')));
  const key = createHash('sha256').update(texts.join('\n')).digest('hex').slice(0, 16);
  return path.join(CACHE, key);
}

/** Makes what is not there yet. @throws UserError, or npm's error, where a registry does not answer */
export async function makeGenerators(log: (line: string) => void): Promise<Generators> {
  const python = await makeEnvironment(CACHE, [requirements], log);
  const folder = await placeOf(FILES);
  const modules = path.join(folder, 'node_modules');
  if (await exists(path.join(folder, 'finished'))) return { python, modules };
  log(`installing the generators for TypeScript in ${folder}`);
  await mkdir(folder, { recursive: true });
  await Promise.all(FILES.map((name) => copyFile(new URL(name, import.meta.url), path.join(folder, name))));
  await run('npm', ['ci', '--ignore-scripts'], { cwd: folder });
  await writeFile(path.join(folder, 'finished'), '');
  return { python, modules };
}

/** Whether both were made before. */
export async function haveGenerators(): Promise<boolean> {
  const places = await Promise.all([placeOf(['requirements.txt']), placeOf(FILES)]);
  const finished = await Promise.all(places.map((place) => exists(path.join(place, 'finished'))));
  return finished.every(Boolean);
}
