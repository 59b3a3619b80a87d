/** Every command line explains itself without doing anything, tells a wrong option in one line, and ends with the right code. */
import packageFile from '../../package.json' with { type: 'json' };
import { ENGINE_VERSION } from '../../shared/engine-version.ts';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { ensureDashboard } from '../../edge/hosts/build-dashboard.ts';
import { COMMANDS } from '../../scripts/commands/commands.ts';
import { runCommand, type AnyCommand } from '../../shared/command-line/command.ts';
import { BENCHES, loadBench } from '../bench/main.ts';
import { createFolder } from '../edge/node-store.ts';

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

async function run(script: string, options: readonly string[], environment = {}): Promise<Ended> {
  const env = { ...process.env, RLCD_DATA: createFolder(), ...environment };
  return await new Promise((resolve) => {
    const child = execFile(process.execPath, [script, ...options], { env }, (_, out, error) =>
      resolve({ code: child.exitCode, out, error }),
    );
  });
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SCRIPTS = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))).scripts;

/** Every command line of the project's own: those of `rlcd`, the npm scripts that run a program of ours, the benches. */
const COMMAND_LINES: readonly (readonly [name: string, load: () => Promise<AnyCommand>])[] = [
  ...Object.entries(COMMANDS).map(
    ([name, { load }]) => [`rlcd ${name}`, async () => (await load()).command] as const,
  ),
  ...Object.entries(SCRIPTS).flatMap(([name, script]) => {
    const [, program] = /^node (\S+)$/.exec(script) ?? [];
    if (program === undefined || program === 'scripts/rlcd.ts') return [];
    const load = async () => ((await import(join(ROOT, program))) as { command: AnyCommand }).command;
    return [[`npm run ${name}`, load] as const];
  }),
  ...BENCHES.map((name) => [`npm run bench -- ${name}`, async () => await loadBench(name)] as const),
];

/** When each file of the project was last written, without what others build. */
function writtenAt(): Map<string, number> {
  const folders = ['docs', 'shared', 'scripts', 'gpu-runner', 'migrations', 'deploy'];
  const files = folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
  );
  return new Map(files.map((file) => [file, statSync(join(ROOT, file)).mtimeMs]));
}

describe('every command line', () => {
  const before = writtenAt();

  it('is one of those that a person finds in package.json', () => {
    expect(COMMAND_LINES.length).toBeGreaterThan(25);
    for (const [name, script] of Object.entries(SCRIPTS)) {
      if (!script.startsWith('node ')) continue;
      const words = script.split(' ');
      const isAlias = words[1] === 'scripts/rlcd.ts' && name !== 'rlcd';
      expect(words.slice(2)).toEqual(isAlias ? [name] : []);
    }
  });

  it.each(COMMAND_LINES)('%s explains itself and does nothing else', async (name, load) => {
    const command = await load();
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    const error = vi.spyOn(console, 'error').mockImplementation(() => {});
    const open = process.getActiveResourcesInfo();
    try {
      await runCommand(command, ['--help']);
      const text = write.mock.calls.flat().join('');
      expect(text).toContain(`Usage: ${name}`);
      expect(text.split('\n').length).toBeGreaterThan(3);
      expect(process.exitCode).toBeUndefined();
      expect(error).not.toHaveBeenCalled();
      expect(process.getActiveResourcesInfo()).toEqual(open);
    } finally {
      vi.restoreAllMocks();
    }
  });

  it.each(COMMAND_LINES)('%s refuses an option that it does not know, in one line', async (name, load) => {
    const command = await load();
    const error = vi.spyOn(console, 'error').mockImplementation(() => {});
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    try {
      await runCommand(command, ['--colour', 'red']);
      expect(error.mock.calls.flat().join('\n')).toMatch(
        new RegExp(`^unknown option '--colour'.*${name}.* --help lists the options\\.$`),
      );
      expect(process.exitCode).toBe(2);
    } finally {
      process.exitCode = undefined;
      vi.restoreAllMocks();
    }
  });

  it('has written no file of the project in all this', () => {
    expect(writtenAt()).toEqual(before);
  });
});

describe('rlcd as a program', () => {
  it('lists its commands, quickly: it loads none of them', async () => {
    const { code, out, error } = await run('scripts/bin/rlcd.js', ['--help']);
    expect({ code, error }).toEqual({ code: 0, error: '' });
    for (const name of Object.keys(COMMANDS)) expect(out).toMatch(new RegExp(`^  ${name} `, 'm'));
    expect(stripVTControlCharacters(out)).toBe(out);
  });

  it('tells its version, and that of the engine, which decides what a seed gives', async () => {
    expect(await run('scripts/bin/rlcd.js', ['--version'])).toEqual({
      code: 0,
      out: `${packageFile.version}, engine ${ENGINE_VERSION}\n`,
      error: '',
    });
  });

  it.each([
    [['demoo'], /^unknown command 'demoo' \(Did you mean demo\?\)/],
    [['demo', '--sed', '1'], /^unknown option '--sed' \(Did you mean --seed\?\)\. rlcd demo --help/],
    [['align', '--model', 'm'], /^required option '--principle/],
  ])('refuses %j', async (words, fault) => {
    const { code, out, error } = await run('scripts/bin/rlcd.js', words);
    expect(error).toMatch(fault);
    expect(error.trim().split('\n')).toHaveLength(1);
    expect({ code, out }).toEqual({ code: 2, out: '' });
  });

  it('a bench that does not exist is refused with the names of those that do', async () => {
    const { code, out, error } = await run('test/bench/main.ts', ['samplr']);
    expect(error).toMatch(/^unknown command 'samplr' \(Did you mean sampler\?\)/);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    const help = await run('test/bench/main.ts', ['grid', '--help']);
    expect(help).toMatchObject({ code: 0, error: '' });
    expect(help.out).toMatch(/^  --shape <shape>/m);
  });
});

describe('the edge on this machine', () => {
  // The build speaks on standard error, too.
  beforeAll(async () => {
    await ensureDashboard();
  });

  it.each([
    [{ PORT: 'seven' }, /^PORT needs a whole number from 0 to 65535: port at which it listens/],
    [{ RLCD_ADMIN_KEY: 'short' }, /^RLCD_ADMIN_KEY must be at least 32 characters/],
    [{ RLCD_RUNNERS: '-1' }, /^RLCD_RUNNERS needs a whole number from 0 to 64: /],
    [{ RLCD_LAUNCH_URL: 'nowhere' }, /^RLCD_LAUNCH_URL needs an http or https address/],
  ])('the edge on Node refuses %j', async (environment, fault) => {
    const { code, error } = await run('edge/serve.ts', [], environment);
    expect(error.trim()).toMatch(fault);
    expect(error).not.toContain('    at ');
    expect(code).toBe(1);
  });

  it.each(['edge/serve.ts', 'edge/dev.ts'])('%s says that its port is taken, and ends', async (program) => {
    const other = createServer();
    await new Promise<void>((resolve) => {
      other.listen(0, '127.0.0.1', resolve);
    });
    const { port } = other.address() as AddressInfo;
    const { code, out, error } = await run(program, [], { PORT: String(port) });
    expect(error.trim()).toBe(`Another program listens on 127.0.0.1:${port}: stop it, or set PORT`);
    // A key that is shown only once must not be shown in vain.
    expect(out).not.toContain('rlcd_');
    expect(code).toBe(1);
    other.close();
  });
});
