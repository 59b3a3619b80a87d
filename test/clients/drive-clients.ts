/** Makes clients of a running edge's document in both languages, and drives an experiment with each. */
import { execFile } from 'node:child_process';
import { copyFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { Generators } from './generators.ts';

const run = promisify(execFile);
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

const driven = z.strictObject({
  train: z.int(),
  /** Of the new experiment, of the cancelled one, and as it was read then. */
  statuses: z.array(z.string()),
  stages: z.array(z.string()),
  /** Of all that happened, and what the first of them says. */
  events: z.array(z.string()),
  methods: z.array(z.string()),
  /** Status and type of what is not there, as the client's own types have them. */
  refused: z.tuple([z.int(), z.string()]),
  deleted: z.int(),
});
export type Driven = z.infer<typeof driven>;

interface EdgeToDrive {
  readonly url: string;
  readonly key: string;
  /** An empty one, for what is made. */
  readonly folder: string;
}

/** @returns what each client saw, and what the generator for Python could not make */
export async function driveClients({ python, modules }: Generators, { url, key, folder }: EdgeToDrive) {
  const document = path.join(folder, 'openapi.json');
  await writeFile(document, await (await fetch(`${url}/openapi.json`)).text());
  const typescript = await driveTypeScript();
  const { warnings, ...inPython } = await drivePython();
  return { typescript, python: inPython, warnings };

  async function driveTypeScript(): Promise<Driven> {
    await symlink(modules, path.join(folder, 'node_modules'));
    await writeFile(path.join(folder, 'package.json'), '{"type":"module"}');
    await writeFile(path.join(folder, 'globals.d.ts'), 'declare const process: { readonly argv: string[] };');
    await copyFile(here('drive.mts.txt'), path.join(folder, 'drive.ts'));
    const make = path.join(modules, 'openapi-typescript', 'bin', 'cli.js');
    // Fields with a default may be left out of a request.
    const words = ['openapi.json', '--output', 'schema.d.ts', '--default-non-nullable', 'false'];
    await run(process.execPath, [make, ...words], { cwd: folder });
    const compile = path.join(modules, 'typescript', 'bin', 'tsc');
    const strict = '--strict --noEmit --target es2023 --module nodenext --allowImportingTsExtensions'.split(
      ' ',
    );
    await run(process.execPath, [compile, ...strict, '--skipLibCheck', 'globals.d.ts', 'drive.ts'], {
      cwd: folder,
    });
    const { stdout } = await run(process.execPath, ['drive.ts', url, key], { cwd: folder });
    return driven.parse(JSON.parse(stdout));
  }

  async function drivePython(): Promise<Driven & { readonly warnings: string[] }> {
    const make = path.join(path.dirname(python), 'openapi-python-client');
    const client = path.join(folder, 'rlcd_client');
    const words = ['generate', '--path', document, '--meta', 'none', '--output-path', client];
    const PATH = `${path.dirname(python)}${path.delimiter}${process.env['PATH']}`;
    const made = await run(make, words, { cwd: folder, env: { ...process.env, PATH } });
    await copyFile(here('drive.py'), path.join(folder, 'drive.py'));
    const { stdout } = await run(python, ['drive.py', url, key, document], { cwd: folder });
    const lines = `${made.stdout}\n${made.stderr}`.split('\n');
    const warnings = lines.filter((line) => /will not be generated|Unable to/.test(line));
    return { ...driven.parse(JSON.parse(stdout)), warnings };
  }
}
