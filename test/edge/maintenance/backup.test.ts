/** rlcd store backup and restore: equal bytes out of a store that is written to meanwhile, and nothing half. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { backUp, restore } from '../../../edge/maintenance/backup.ts';
import { checkStore } from '../../../edge/maintenance/check.ts';
import { NodeDatabase } from '../../../edge/hosts/node-database.ts';
import { REPOSITORY } from '../../../scripts/processes/child.ts';
import { edgeUrl, startEdge } from '../../../scripts/processes/edge-process.ts';
import { freePort } from '../../../scripts/processes/free-port.ts';
import { ApiError, createClient } from '../../../shared/api/client.ts';
import { createFolder } from '../node-store.ts';
import { checkConsistency } from '../orchestration/end-state.ts';
import { prepare } from '../remote-world.ts';
import { TestRunner } from '../runner.ts';
import { EXPERIMENT, sha256Of } from '../seed.ts';
import { fillFolder, KEPT } from './filled-folder.ts';

const ADMIN_KEY = 'the-key-of-the-backup-test-0123456789abcdef';
const NOW = Date.now();
const program = ['scripts/bin/rlcd.js', 'store'] as const;

async function rlcdStore(...words: readonly string[]): Promise<string> {
  const run = promisify(execFile);
  return (await run(process.execPath, [...program, ...words], { cwd: REPOSITORY })).stdout;
}

/** Every file below a folder, with its bytes' hash. */
function hashes(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(
    paths.map((path) => [
      path.slice(folder.length),
      createHash('sha256').update(readFileSync(path)).digest('hex'),
    ]),
  );
}

/** @throws whatever else went wrong */
function ignoreLostLease(error: unknown): void {
  if (!(error instanceof ApiError && error.problem.type === 'urn:rlcd:problem:lease-lost')) throw error;
}

const startEdgeOn = async (dataFolder: string) => {
  const port = await freePort();
  const child = await startEdge({ host: 'node', port, dataFolder, adminKey: ADMIN_KEY });
  const connect = (key: string) => createClient({ baseUrl: edgeUrl(port), key });
  return { child, connect };
};

it('gives back to the byte what an edge had acknowledged, taken while experiments run and artifacts come and go', async () => {
  const [folder, place] = [createFolder(), createFolder()];
  const { child, connect } = await startEdgeOn(folder);
  const admin = connect(ADMIN_KEY);
  const runnerKey = await prepare(admin);
  const acknowledged: string[] = [];
  const end = new AbortController();
  let writes = 0;

  /** Experiments to their end or to the middle, and every other one deleted. */
  async function runExperiments(seed: number): Promise<void> {
    const runner = new TestRunner({ client: connect(runnerKey) });
    for (let made = seed; !end.signal.aborted; made += 2) {
      const { id } = await admin.createExperiment({ body: { ...EXPERIMENT, seed: made } });
      for (let tasks = 0; tasks < 5; tasks++) {
        const task = await runner.claim();
        if (!task) break;
        // The other one may delete the experiment of this task at any moment, which ends the lease.
        await runner.report(task, 1, [{ name: 'loss', step: 1, value: made }]).catch(ignoreLostLease);
        await runner.complete(task).catch(ignoreLostLease);
        writes += 3;
      }
      if (made % 4 >= 2) continue;
      await admin.cancelExperiment({ parameters: { experimentId: id } });
      await admin.deleteExperiment({ parameters: { experimentId: id } });
    }
  }

  async function putArtifacts(): Promise<void> {
    for (let made = 0; !end.signal.aborted; made++) {
      const content = `artifact ${made} `.repeat(1 + (made % 1000));
      const sha256 = sha256Of(content);
      await admin.putArtifact({ parameters: { sha256 }, query: { kind: 'report' }, body: content });
      acknowledged.push(content);
      writes += 1;
    }
  }

  const load = Promise.all([runExperiments(100), runExperiments(101), putArtifacts()]);
  const [backup, restored] = [join(place, 'backup'), join(place, 'edge-node')];
  let sure: readonly string[] = [];
  try {
    await vi.waitFor(() => expect(acknowledged.length).toBeGreaterThan(10), { timeout: 60_000 });
    sure = [...acknowledged];
    const before = writes;
    expect(await rlcdStore('backup', '--data', join(folder, 'edge-node'), '--out', backup)).toMatch(
      /^Backed up/,
    );
    expect(writes).toBeGreaterThan(before);
  } finally {
    end.abort();
    await load;
    await child.stop();
  }
  rmSync(join(folder, 'edge-node'), { recursive: true });

  expect(await rlcdStore('restore', '--from', backup, '--data', restored)).toMatch(/^Restored/);
  const { '/backup.json': _, ...files } = hashes(backup);
  expect(hashes(restored)).toEqual(files);
  expect((await checkStore(restored, NOW)).findings).toEqual([]);
  const client = new NodeDatabase(join(restored, 'rlcd.sqlite'));
  checkConsistency(client);
  client.close();

  const again = await startEdgeOn(place);
  try {
    const reader = again.connect(ADMIN_KEY);
    expect(sure.length).toBeGreaterThan(5);
    for (const content of sure) {
      const answer = await reader.downloadArtifact({ parameters: { sha256: sha256Of(content) } });
      expect(Buffer.from(await answer.arrayBuffer()).toString()).toBe(content);
    }
    // What was under way goes on, and ends.
    const { items } = await reader.listTasks({ query: { status: 'queued' } });
    const runner = new TestRunner({ client: again.connect(runnerKey) });
    const done = await runner.drain();
    expect(done.length).toBeGreaterThanOrEqual(items.length);
    expect((await reader.listTasks({ query: { status: 'queued' } })).items).toEqual([]);
  } finally {
    await again.child.stop();
  }
});

describe('a backup', () => {
  let directory = '';
  let backup = '';
  beforeAll(async () => {
    const folder = await fillFolder();
    folder.close();
    ({ directory } = folder);
    backup = join(createFolder(), 'backup');
    await backUp(directory, backup, NOW);
  });

  const copyOf = (folder: string) => {
    const copy = join(createFolder(), 'copy');
    cpSync(folder, copy, { recursive: true });
    return copy;
  };

  it('that is killed leaves nothing under its name, and what it leaves cannot be restored', async () => {
    const source = copyOf(directory);
    const artifacts = join(source, 'blobs', 'artifacts');
    const [blob = ''] = readdirSync(artifacts);
    rmSync(join(artifacts, blob));
    // Whoever reads it waits for ever.
    execFileSync('mkfifo', [join(artifacts, blob)]);
    const place = createFolder();
    const words = [...program, 'backup', '--data', source, '--out', join(place, 'backup')];
    const child = spawn(process.execPath, words, { cwd: REPOSITORY, stdio: 'ignore' });
    await vi.waitFor(
      () => expect(readdirSync(join(place, readdirSync(place)[0] ?? '-', 'blobs'))).toEqual(['artifacts']),
      {
        timeout: 60_000,
      },
    );
    child.kill('SIGKILL');
    await once(child, 'exit');
    const [left = ''] = readdirSync(place);
    expect(left).toMatch(/^backup\.partial-/);
    const to = join(createFolder(), 'to');
    await expect(restore(join(place, left), to, NOW)).rejects.toMatchObject({
      code: 'no-backup',
      message: expect.stringContaining('broken off') as unknown,
    });
  });

  it('is not written over what is there, and what fails leaves nothing', async () => {
    await expect(backUp(directory, backup, NOW)).rejects.toMatchObject({ code: 'place-taken' });
    const place = createFolder();
    const source = copyOf(directory);
    const bytes = readFileSync(join(source, 'rlcd.sqlite'));
    writeFileSync(join(source, 'rlcd.sqlite'), bytes.fill(0xff, 8192));
    await expect(backUp(source, join(place, 'backup'), NOW)).rejects.toMatchObject({ code: 'store-damaged' });
    expect(readdirSync(place)).toEqual([]);
  });

  it('of a damaged store holds the rest, and says what is damaged when it is made and when it is restored', async () => {
    const source = copyOf(directory);
    rmSync(keptBlob(source));
    const [to, restored] = [join(createFolder(), 'backup'), join(createFolder(), 'restored')];
    const made = await backUp(source, to, NOW);
    expect(made.faults).toEqual([expect.stringMatching(/put by a client\) has no bytes$/)]);
    expect(await restore(to, restored, NOW)).toEqual(made);
    expect((await checkStore(restored, NOW)).findings.map(({ found }) => found)).toEqual(made.faults);
  });

  it.each<[string, (copy: string) => void, Record<string, unknown>]>([
    [
      'a flipped bit in the database',
      (copy) => {
        const bytes = readFileSync(join(copy, 'rlcd.sqlite'));
        bytes[5000] = (bytes[5000] ?? 0) ^ 1;
        writeFileSync(join(copy, 'rlcd.sqlite'), bytes);
      },
      { code: 'backup-damaged', message: expect.stringContaining('is not the one that was written') },
    ],
    [
      'a blob cut short',
      (copy) => {
        writeFileSync(keptBlob(copy), '');
      },
      { code: 'backup-damaged', message: expect.stringContaining('has 0 bytes instead of') },
    ],
    ['no manifest', (copy) => rmSync(join(copy, 'backup.json')), { code: 'no-backup' }],
    [
      'a manifest cut short',
      (copy) => writeFileSync(join(copy, 'backup.json'), '{'),
      { code: 'backup-damaged' },
    ],
    [
      'the form of a newer version',
      (copy) => rewrite(copy, { version: 2 }),
      { code: 'newer-backup', message: expect.stringContaining('form 2; this one reads 1') },
    ],
    [
      'the database of a newer version',
      (copy) => {
        alter(copy, `INSERT INTO d1_migrations (name) VALUES ('29991231235959_future.sql')`);
      },
      { message: expect.stringContaining('29991231235959_future') },
    ],
  ])('with %s is refused, and nothing of it is left', async (_, damage, error) => {
    const [copy, place] = [copyOf(backup), createFolder()];
    damage(copy);
    await expect(restore(copy, join(place, 'to'), NOW)).rejects.toMatchObject(error);
    expect(readdirSync(place)).toEqual([]);
  });

  it('is restored into an empty folder and into no other', async () => {
    const empty = createFolder();
    await restore(backup, empty, NOW);
    const { '/backup.json': _, ...files } = hashes(backup);
    expect(hashes(empty)).toEqual(files);
    expect(statSync(empty).mode & 0o777).toBe(0o700);
    await expect(restore(backup, empty, NOW)).rejects.toMatchObject({ code: 'place-taken' });
  });

  it('of an older version is brought up to this one', async () => {
    const copy = copyOf(backup);
    alter(
      copy,
      `DROP INDEX task_puts_artifact; ALTER TABLE experiments DROP COLUMN form;
       DELETE FROM d1_migrations WHERE name LIKE '%opposite_warbird%'`,
    );
    const to = join(createFolder(), 'to');
    await restore(copy, to, NOW);
    expect((await checkStore(to, NOW)).findings).toEqual([]);
  });
});

/** Where the bytes lie that a client put. */
function keptBlob(folder: string): string {
  const artifacts = join(folder, 'blobs', 'artifacts');
  return join(artifacts, readdirSync(artifacts).find((name) => name.startsWith(sha256Of(KEPT))) ?? '');
}

/** Another database, that the manifest knows. */
function alter(copy: string, sql: string): void {
  const file = join(copy, 'rlcd.sqlite');
  const client = new DatabaseSync(file);
  client.exec(sql);
  client.close();
  rewrite(copy, { databaseSha256: createHash('sha256').update(readFileSync(file)).digest('hex') });
}

function rewrite(copy: string, said: Record<string, unknown>): void {
  const file = join(copy, 'backup.json');
  const known = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  writeFileSync(file, JSON.stringify({ ...known, ...said }));
}
