/** Children: they end with their parent even when that is killed, and tell why they ended. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { ChildEndedError, startChild } from '../../../scripts/processes/child.ts';

const CHILD = new URL('../../../scripts/processes/child.ts', import.meta.url).href;
const folder = mkdtempSync(join(tmpdir(), 'rlcd-child-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function program(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function start(name: string, text: string) {
  return startChild({
    name: 'the test',
    program: program(name, text),
    environment: { GREETING: 'hello' },
    logFile: join(folder, `${name}.log`),
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('a child process', () => {
  it('ends when its parent is killed', async () => {
    const sleeper = program('sleeper.mjs', 'setInterval(() => {}, 1000)');
    const parent = program(
      'parent.mjs',
      `import { startChild } from ${JSON.stringify(CHILD)};
       const child = startChild({ name: 'c', program: ${JSON.stringify(sleeper)}, environment: {},
         logFile: ${JSON.stringify(join(folder, 'sleeper.log'))} });
       process.stdout.write(String(child.pid));`,
    );
    const running = spawn(process.execPath, [parent], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [chunk] = (await once(running.stdout, 'data')) as [Buffer];
    const pid = Number(chunk.toString());
    expect(isAlive(pid)).toBe(true);
    running.kill('SIGKILL');
    while (isAlive(pid)) await sleep(20);
    expect(isAlive(pid)).toBe(false);
  });

  it('tells how it ended, with the end of its output and no secret of the environment', async () => {
    const child = start('fails.mjs', 'console.error(process.env.GREETING, "then it broke"); process.exit(3)');
    const exit = await child.exited;
    expect(exit).toEqual({ code: 3, signal: null });
    expect(child.exit()).toEqual(exit);
    const { message } = new ChildEndedError(child, exit);
    expect(message).toMatch(/the test ended with exit code 3/);
    expect(message).toContain('hello then it broke');
  });

  it('is asked to stop, and ends by itself', async () => {
    const child = start(
      'stops.mjs',
      'process.on("SIGTERM", () => process.exit(0)); setInterval(() => {}, 1000); console.log("ready")',
    );
    expect(child.exit()).toBeUndefined();
    expect((await child.stop()).signal ?? 'itself').toMatch(/itself|SIGTERM/);
  });
});
