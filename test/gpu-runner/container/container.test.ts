/** The runner's image: what its Dockerfile promises, and every step of it that needs no network. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import dockerfilelint from 'dockerfilelint';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ignoreRule, parseDockerfile } from './dockerfile.ts';
import { dryBuild, productionPackages } from './dry-build.ts';

const repository = fileURLToPath(new URL('../../../', import.meta.url));
const read = (path: string) => readFileSync(join(repository, path), 'utf8');
const text = read('gpu-runner/Dockerfile');
const [modules, image] = parseDockerfile(text);
const one = (name: string) => {
  const found = image?.instructions.filter((instruction) => instruction.name === name) ?? [];
  if (found.length !== 1) throw new Error(`${found.length} ${name} in the image's stage`);
  return found[0]?.text ?? '';
};

describe('the Dockerfile', () => {
  it('has no fault that the linter finds', () => {
    const lines = text.split('\n');
    const found = dockerfilelint.run(tmpdir(), text).filter(
      // This linter cuts `--start-period` at its hyphen and takes the rest for an unknown option.
      ({ rule, line }) => !(rule === 'invalid_format' && lines[line - 1]?.startsWith('HEALTHCHECK')),
    );
    expect(found).toEqual([]);
  });

  it('fixes its bases to exact versions: the Node of package.json, CUDA 12 with cuDNN', () => {
    const { devDependencies } = JSON.parse(read('package.json')) as { devDependencies: { node: string } };
    expect(modules).toMatchObject({ image: `node:${devDependencies.node}-bookworm-slim`, name: 'modules' });
    expect(image?.image).toMatch(/^nvidia\/cuda:12\.\d+\.\d+-cudnn-runtime-ubuntu24\.04$/);
  });

  it('fetches the CUDA provider when it is built, by the script that the engine brings', () => {
    const run = modules?.instructions.find(({ name }) => name === 'RUN')?.text ?? '';
    const [, script = '', flag = ''] =
      /node (\S+install\.js) --onnxruntime-node-install=(\S+)/.exec(run) ?? [];
    const metadata = read(join(dirname(script), 'install-metadata.js'));
    expect(metadata).toContain(`'linux/x64': ['${flag}']`);
    expect(metadata).toContain('libonnxruntime_providers_cuda.so');
    expect(read(script)).toContain("'bin/napi-v6'");
    expect(run).toMatch(/test -s linux\/x64\/libonnxruntime_providers_cuda\.so/);
  });

  it('runs as the user and in the folder that the Kubernetes template gives it', () => {
    const template = parse(read('deploy/kubernetes/runner.yaml')) as {
      spec: {
        jobTemplate: {
          spec: {
            template: {
              spec: {
                securityContext: { runAsUser: number };
                containers: { volumeMounts: { mountPath: string }[] }[];
              };
            };
          };
        };
      };
    };
    const pod = template.spec.jobTemplate.spec.template.spec;
    expect(one('USER')).toBe(`${pod.securityContext.runAsUser}:${pod.securityContext.runAsUser}`);
    expect(one('VOLUME')).toBe('/data');
    expect(pod.containers[0]?.volumeMounts.map(({ mountPath }) => mountPath)).toEqual(['/data', '/tmp']);
    // Nothing is written beside the volume.
    for (const [, path = ''] of one('ENV').matchAll(/\w+=(\/\S+)/g)) expect(path).toMatch(/^\/data\//);
    expect(one('STOPSIGNAL')).toBe('SIGTERM');
    expect(JSON.parse(one('ENTRYPOINT'))).toEqual(['node', 'gpu-runner/main.ts']);
  });

  it('leaves out of the context what is not the runner', () => {
    const isIgnored = ignoreRule(read('.dockerignore'));
    for (const path of [
      'edge/app.ts',
      'test/seed.ts',
      '.git/config',
      '.rlcd/key',
      'gpu-runner/models/pretrain/main.ts',
      'gpu-runner/.env',
      'gpu-runner/models/stories/pretrain.log',
      'node_modules/zod/index.js',
    ]) {
      expect(isIgnored(path), path).toBe(true);
    }
    for (const path of [
      'LICENSE',
      'package-lock.json',
      'shared/random.ts',
      'gpu-runner/models/stories/base.bin',
    ]) {
      expect(isIgnored(path), path).toBe(false);
    }
  });
});

describe('a dry build of the image', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rlcd-image-'));
  let files: string[] = [];
  const node = (...args: string[]) =>
    spawnSync(process.execPath, ['--preserve-symlinks', '--preserve-symlinks-main', ...args], {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: folder, RLCD_CACHE: join(folder, 'cache') },
    });

  beforeAll(() => {
    files = dryBuild(repository, folder);
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('has every file and package that the runner imports, and none of development', () => {
    const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
    const wrong: string[] = [];
    const reached = new Set(['gpu-runner/main.ts', 'gpu-runner/health-check.ts']);
    for (const file of reached) {
      const source = readFileSync(join(folder, file), 'utf8');
      const named = source.matchAll(
        /(?:\bfrom |^import |\bimport\()'([^'\s]+)'|new URL\('([^']+)', import\.meta/gm,
      );
      for (const [, imported, opened] of named) {
        const path = imported ?? `./${opened}`;
        const place = normalize(join(dirname(file), path));
        const package_ = path
          .split('/')
          .slice(0, path.startsWith('@') ? 2 : 1)
          .join('/');
        if (!path.startsWith('.')) {
          if (!path.startsWith('node:') && !(package_ in dependencies)) wrong.push(`${file}: ${path}`);
        } else if (files.includes(place)) reached.add(place);
        else if (!files.some((other) => other.startsWith(`${place}/`))) wrong.push(`${file}: ${path}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(reached).toContain('gpu-runner/engine-process.ts');
    expect(reached).toContain('gpu-runner/tensor/session-worker.ts');
    expect(reached.size).toBeGreaterThan(100);
    expect(files.filter((file) => /\.test\.ts$|Dockerfile|pretrain/.test(file))).toEqual([]);
    expect(productionPackages(repository)).toContain('node_modules/onnxruntime-node');
    expect(productionPackages(repository)).not.toContain('node_modules/vitest');
  });

  it('starts and tells its variables', () => {
    const { status, stdout, stderr } = node('gpu-runner/main.ts', '--help');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('RLCD_EDGE_URL');
  });

  it('loads the engine and opens the model that it brings', () => {
    const code = `
      await import('./gpu-runner/tasks/run-task.ts');
      const { describeModel } = await import('./gpu-runner/tasks/open-base-model.ts');
      console.log((await describeModel('model', 'bundled', 'cache')).parameterCount);`;
    const { status, stdout, stderr } = node('--input-type=module', '--eval', code);
    expect([status, stderr]).toEqual([0, '']);
    expect(Number(stdout)).toBeGreaterThan(100_000);
  });

  it('names the variable that is missing, and is not well before the edge has answered', () => {
    const started = node('gpu-runner/main.ts');
    expect([started.status, started.stderr]).toEqual([
      1,
      expect.stringContaining('RLCD_EDGE_URL is not set'),
    ]);
    const check: unknown = JSON.parse(/CMD (\[.*\])$/.exec(one('HEALTHCHECK'))?.[1] ?? '[]');
    expect(check).toEqual(['node', 'gpu-runner/health-check.ts']);
    const checked = node('gpu-runner/health-check.ts');
    expect([checked.status, checked.stderr]).toEqual([1, expect.stringContaining('has not answered yet')]);
  });
});
