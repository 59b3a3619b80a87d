/** rlcd doctor: what it finds, what it says to do, and when the main job cannot run. */
import { mkdtempSync, rmSync, writeFileSync, existsSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { checkEdge, checkFolder, checkNode, checkPort } from '../../../../scripts/commands/doctor/checks.ts';
import { command } from '../../../../scripts/commands/doctor/command.ts';
import { parseCommand } from '../../../../shared/command-line/command.ts';

const folder = mkdtempSync(join(tmpdir(), 'rlcd-doctor-'));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  process.exitCode = undefined;
});

async function listening(): Promise<{ port: number; close: () => void }> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

async function doctor(...words: readonly string[]) {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  await parseCommand(command, ['--json', ...words]);
  return JSON.parse(String(log.mock.calls[0]?.[0])) as {
    works: boolean;
    checks: { name: string; status: string; cure: string | null }[];
  };
}

describe('rlcd doctor', () => {
  it('says that the demo can run here, where the tests do', async () => {
    vi.stubEnv('RLCD_DATA', join(folder, 'data'));
    vi.stubEnv('RLCD_EDGE_URL', '');
    const { works, checks } = await doctor();
    expect(works).toBe(true);
    expect(process.exitCode).toBeUndefined();
    const names = checks.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['Node', 'engine', '8-bit products', 'memory', 'folder']));
    for (const { status, cure } of checks) expect(cure === null).toBe(status === 'passed');
    expect(existsSync(join(folder, 'data'))).toBe(false);
  });

  it('ends with 1 where an edge was named that does not answer', async () => {
    vi.stubEnv('RLCD_DATA', join(folder, 'data'));
    const { port, close } = await listening();
    vi.stubEnv('RLCD_EDGE_URL', `http://127.0.0.1:${port}`);
    const { works, checks } = await doctor();
    close();
    expect(works).toBe(false);
    expect(process.exitCode).toBe(1);
    expect(checks.find(({ name }) => name === 'edge')).toMatchObject({ status: 'failed' });
  });

  it('knows a Node that runs no TypeScript', () => {
    expect(checkNode('24.2.0').status).toBe('passed');
    expect(checkNode('24.1.0').status).toBe('failed');
    expect(checkNode('20.19.0')).toMatchObject({ status: 'failed', cure: expect.stringContaining('npm ci') });
  });

  it('tells a folder that cannot be written, and a port that is taken', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    expect(await checkFolder(join(file, 'below'))).toMatchObject({ status: 'failed' });
    const { port, close } = await listening();
    expect(await checkPort(port)).toMatchObject({ status: 'warning', found: `${port} is taken` });
    close();
  });

  it('says what to do about an edge that is away', async () => {
    const { found, cure } = await checkEdge('http://127.0.0.1:9');
    expect(found).toContain('http://127.0.0.1:9 does not answer');
    expect(cure).toContain('npx rlcd serve');
  });
});
