/**
 * Every step of the runner's image that needs no network, done in a folder: the files that COPY would bring, and the
 * packages that `npm ci --omit=dev` would install. Packages are linked, so run Node there with --preserve-symlinks.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ignoreRule, parseDockerfile } from './dockerfile.ts';

interface LockedPackage {
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly optional?: boolean;
}

/** The packages of production: paths such as `node_modules/zod`. */
export function productionPackages(repository: string): string[] {
  const lock = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, LockedPackage>>;
  };
  return Object.entries(lock.packages)
    .filter(([path, { dev, devOptional }]) => path !== '' && dev !== true && devOptional !== true)
    .map(([path]) => path);
}

/** Files under a folder of the build's context, by path from its root; ignored ones left out. */
function filesOf(repository: string, path: string, isIgnored: (path: string) => boolean): string[] {
  if (!statSync(join(repository, path)).isDirectory()) return isIgnored(path) ? [] : [path];
  return readdirSync(join(repository, path)).flatMap((name) =>
    filesOf(repository, `${path}/${name}`, isIgnored),
  );
}

/** @returns the files that were copied from the context, by path from the image's working directory */
export function dryBuild(repository: string, folder: string): string[] {
  const isIgnored = ignoreRule(readFileSync(join(repository, '.dockerignore'), 'utf8'));
  const stages = parseDockerfile(readFileSync(join(repository, 'gpu-runner/Dockerfile'), 'utf8'));
  const copied: string[] = [];
  for (const { name, flags, text } of stages.at(-1)?.instructions ?? []) {
    if (name !== 'COPY' || flags.has('from')) continue;
    const paths = text.split(/\s+/);
    const target = (paths.pop() ?? '').replace(/^\.\//, '');
    for (const path of paths) {
      const files = filesOf(repository, path, isIgnored);
      if (files.length === 0) throw new Error(`COPY ${text}: ${path} is empty or ignored`);
      for (const file of files) {
        // A folder's content goes into the target, a file keeps its name in it.
        const place = file === path ? join(target, file) : join(target, file.slice(path.length + 1));
        mkdirSync(dirname(join(folder, place)), { recursive: true });
        cpSync(join(repository, file), join(folder, place));
        copied.push(place);
      }
    }
  }
  for (const path of productionPackages(repository)) {
    // Inside another package: it comes with that. Of another system: it is not installed.
    if (path.lastIndexOf('node_modules/') > 0) continue;
    const found = statSync(join(repository, path), { throwIfNoEntry: false });
    if (!found) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    symlinkSync(join(repository, path), join(folder, path));
  }
  return copied;
}
