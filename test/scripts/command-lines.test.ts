/** Every command of package.json tells a wrong option in one line, and `--help` where there is one to read. */
import { execFile } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
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

const COMMANDS = [
  'edge/serve.ts',
  'edge/dev.ts',
  'gpu-runner/main.ts',
  'gpu-runner/models/pretrain/main.ts',
  'scripts/commands/demo/command.ts',
  'scripts/commands/paper/command.ts',
  'scripts/tools/chaos/command.ts',
  'scripts/commands/data/command.ts',
  'scripts/tools/break-details/command.ts',
  'scripts/tools/picture/command.ts',
  'scripts/commands/report.ts',
  'scripts/tools/screenshots.ts',
];

describe('command lines', { timeout: 60_000 }, () => {
  it.each(COMMANDS)('%s refuses an option that it does not know, in one line', async (script) => {
    const { code, error } = await run(script, ['--colour', 'red']);
    const lines = error.trim().split('\n');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/'--colour'.*--help/);
    expect(code).toBe(1);
  });

  it.each(COMMANDS)('%s explains itself', async (script) => {
    const { code, out } = await run(script, ['--help']);
    expect(out).toMatch(/npm run [a-z-]+/);
    expect(out.split('\n').length).toBeGreaterThan(3);
    expect(code).toBe(0);
  });

  it('a bench that does not exist is refused with the names of those that do', async () => {
    const { code, error } = await run('test/bench/main.ts', ['bogus']);
    expect(error).toMatch(/^npm run bench -- NAME .*sampler/);
    expect(code).toBe(1);
    const help = await run('test/bench/main.ts', ['grid', '--help']);
    expect(help).toMatchObject({ code: 0, error: '' });
    expect(help.out).toMatch(/^  --shape NAME/m);
  });

  it.each([
    [{ PORT: 'seven' }, /^PORT is "seven": set a whole number from 0 to 65535$/],
    [{ RLCD_ADMIN_KEY: 'short' }, /^RLCD_ADMIN_KEY must be at least 32 characters/],
    [{ RLCD_RUNNERS: '-1' }, /^RLCD_RUNNERS is "-1"/],
    [{ RLCD_LAUNCH_URL: 'nowhere' }, /^RLCD_LAUNCH_URL needs an http or https address/],
  ])('the edge on Node refuses %j', async (environment, fault) => {
    const { code, error } = await run('edge/serve.ts', [], environment);
    expect(error.trim()).toMatch(fault);
    expect(error).not.toContain('    at ');
    expect(code).toBe(1);
  });

  it('the edge on Node says that its port is taken, and ends', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => {
      other.listen(0, '127.0.0.1', resolve);
    });
    const { port } = other.address() as AddressInfo;
    const { code, out, error } = await run('edge/serve.ts', [], { PORT: String(port) });
    expect(error.trim()).toBe(`Another program listens on 127.0.0.1:${port}: stop it, or set PORT`);
    // A key that is shown only once must not be shown in vain.
    expect(out).not.toContain('rlcd_');
    expect(code).toBe(1);
    other.close();
  });
});
