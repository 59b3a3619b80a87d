/** rlcd store check: finds every kind of damage, names the cure, and repairs what can be repaired. */
import { randomUUID } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { openNodeHost } from '../../../edge/hosts/node.ts';
import { NodeDatabase } from '../../../edge/hosts/node-database.ts';
import { checkStore, repairStore } from '../../../edge/maintenance/check.ts';
import { command } from '../../../edge/maintenance/command.ts';
import { artifactBlob } from '../../../edge/store/artifacts.ts';
import { GRACE_MILLISECONDS } from '../../../edge/store/collect.ts';
import { parseCommand } from '../../../shared/command-line/command.ts';
import { createHarness } from '../harness.ts';
import { createFolder } from '../node-store.ts';
import { TestRunner } from '../runner.ts';
import { EXPERIMENT, sha256Of } from '../seed.ts';
import { fillFolder, KEPT, type FilledFolder } from './filled-folder.ts';

/** When the files were written is the machine's time. */
const LATER = Date.now() + 3 * GRACE_MILLISECONDS;

/** Where the bytes of the first artifact that a condition is true of lie; the edge has been stopped. */
function fileOf({ directory }: FilledFolder, condition: string): string {
  const client = new NodeDatabase(join(directory, 'rlcd.sqlite'));
  const [row] = client.prepare(`SELECT sha256, writing FROM artifacts WHERE ${condition}`).execute().results;
  client.close();
  return join(directory, 'blobs', artifactBlob(row as { sha256: string; writing: string }));
}
const named = (content: string | Buffer) => `sha256 = '${sha256Of(content)}'`;

function flipBit(path: string): void {
  const bytes = readFileSync(path);
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

function execute({ directory }: FilledFolder, sql: string): void {
  const client = new NodeDatabase(join(directory, 'rlcd.sqlite'));
  client.exec(`PRAGMA foreign_keys = OFF; ${sql}`);
  client.close();
}

const inBlobs = ({ directory }: FilledFolder, ...names: readonly string[]) =>
  join(directory, 'blobs', ...names);

/** What is done to a folder, what is found then, and what of it is found still when it was repaired. */
const DAMAGES: Readonly<
  Record<
    string,
    {
      readonly damage: (folder: FilledFolder) => void;
      readonly code: string;
      readonly found: RegExp;
      readonly cure: RegExp;
      readonly stays?: true;
    }
  >
> = {
  'a flipped bit in what a client put': {
    damage: (folder) => flipBit(fileOf(folder, named(KEPT))),
    code: 'artifact-damaged',
    found: /put by a client\) has other bytes, with the SHA-256/,
    cure: /PUT \/v1\/artifacts\/[0-9a-f]{64}\?kind=report/,
    stays: true,
  },
  'missing bytes of what a client put': {
    damage: (folder) => rmSync(fileOf(folder, named(KEPT))),
    code: 'artifact-damaged',
    found: /has no bytes/,
    cure: /^Put the right bytes again/,
    stays: true,
  },
  'a checkpoint cut short': {
    damage: (folder) => writeFileSync(fileOf(folder, named('state 2')), 's'),
    code: 'artifact-damaged',
    found: /a checkpoint of task .* has 1 bytes instead of 7/,
    cure: /goes on from the checkpoint before/,
  },
  'a flipped bit in the checkpoint before': {
    damage: (folder) => flipBit(fileOf(folder, named('state 1'))),
    code: 'artifact-damaged',
    found: /a checkpoint of task/,
    cure: /goes on from the checkpoint before/,
  },
  'a split without bytes': {
    damage: (folder) => rmSync(fileOf(folder, `kind = 'prompts'`)),
    code: 'artifact-damaged',
    found: /the split \w+ of prompt set openings\) has no bytes/,
    cure: /writes them anew from the prompts/,
  },
  'a checkpoint of which there is no row': {
    damage: (folder) => {
      rmSync(fileOf(folder, named('state 2')));
      execute(folder, `DELETE FROM artifacts WHERE ${named('state 2')}`);
    },
    code: 'artifact-missing',
    found: /names artifact \w+ as its checkpoint, and there is none/,
    cure: /drops this one/,
  },
  'an input of which there is no row': {
    damage: (folder) =>
      execute(folder, `UPDATE task_inputs SET sha256 = '${'0'.repeat(64)}' WHERE rowid = 1`),
    code: 'artifact-missing',
    found: /as its input /,
    cure: /Put the bytes again/,
    stays: true,
  },
  'a stage without its experiment': {
    damage: (folder) => execute(folder, `UPDATE stages SET experiment_id = 'none' WHERE rowid = 1`),
    code: 'broken-reference',
    found: /1 rows of stages refer to rows of experiments/,
    cure: /Restore the last backup/,
    stays: true,
  },
  'bytes without a row': {
    damage: (folder) => writeFileSync(inBlobs(folder, 'artifacts', `${'0'.repeat(64)}-${randomUUID()}`), 'x'),
    code: 'blob-without-row',
    found: /^1 file \(1 bytes\) with the bytes of artifacts or uploads/,
    cure: /--repair, which removes them/,
  },
  'a half-written file': {
    damage: (folder) => writeFileSync(inBlobs(folder, 'artifacts', `.${randomUUID()}`), 'x'),
    code: 'half-written-file',
    found: /left half-written/,
    cure: /next start of the edge removes them/,
  },
  'a part that has gone': {
    damage: (folder) => rmSync(inBlobs(folder, 'uploads'), { recursive: true }),
    code: 'part-damaged',
    found: /Part 1 of upload/,
    cure: /Send the part again/,
  },
  'a superseded checkpoint that the collector does not know of': {
    damage: (folder) =>
      execute(
        folder,
        `UPDATE tasks SET previous_checkpoint_sha256 = NULL WHERE id = '${folder.taskId}';
         UPDATE artifacts SET due_at = NULL WHERE sha256 = '${sha256Of('state 1')}'`,
      ),
    code: 'artifact-forgotten',
    found: /superseded checkpoints among them: 1/,
    cure: /Run with --repair/,
  },
  'a page of the database written over': {
    damage: ({ directory }) => {
      const path = join(directory, 'rlcd.sqlite');
      const bytes = readFileSync(path);
      writeFileSync(path, bytes.fill(0xff, bytes.length / 2, bytes.length / 2 + 8192));
    },
    code: 'database-damaged',
    found: /^The database file is damaged: /,
    cure: /restore the last backup/,
    stays: true,
  },
};

describe('rlcd store check', () => {
  it('finds nothing in a folder that an edge has left, or serves', async () => {
    const folder = await fillFolder();
    const served = await checkStore(folder.directory, LATER);
    expect(served).toMatchObject({ isServed: true, findings: [] });
    expect(served.collectable.artifacts).toBeGreaterThan(3);
    folder.close();
    const left = await checkStore(folder.directory, LATER);
    expect(left).toEqual({ ...served, isServed: false });
    expect(left.artifacts).toBeGreaterThan(left.collectable.artifacts);
  });

  let original: FilledFolder;
  beforeAll(async () => {
    original = await fillFolder();
    original.close();
  });

  /** The folder as it was when its edge had stopped. */
  function copy(): FilledFolder {
    const directory = createFolder();
    cpSync(original.directory, directory, { recursive: true });
    return { ...original, directory };
  }

  it.each(Object.entries(DAMAGES))(
    'finds %s, changes nothing, and repairs what it can',
    async (_, damage) => {
      const folder = copy();
      const { directory } = folder;

      damage.damage(folder);
      const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter(
        (file) => !/-(wal|shm)$/.test(file),
      );
      const sizes = files.map((file) => statSync(join(directory, file)).mtimeMs);
      const { findings } = await checkStore(directory, LATER);
      expect(files.map((file) => statSync(join(directory, file)).mtimeMs)).toEqual(sizes);
      expect(new Set(findings.map(({ code }) => code))).toEqual(new Set([damage.code]));
      expect(findings[0]?.found).toMatch(damage.found);
      expect(findings[0]?.cure).toMatch(damage.cure);

      const repaired = await repairStore(directory, LATER);
      expect(repaired.findings.map((finding) => finding.repaired?.isMended ?? false)).toEqual(
        findings.map(() => damage.stays === undefined),
      );
      const again = await checkStore(directory, LATER);
      expect(new Set(again.findings.map(({ code }) => code))).toEqual(
        new Set(damage.stays ? [damage.code] : []),
      );
    },
  );

  it('has the work done anew whose outputs are damaged, where an experiment needs it', async () => {
    const folder = copy();
    flipBit(
      fileOf(
        folder,
        `produced_by_task_id IN (SELECT id FROM tasks WHERE kind = 'simulate' AND status = 'succeeded')`,
      ),
    );
    const { findings } = await repairStore(folder.directory, LATER);
    expect(findings).toHaveLength(1);
    expect(findings[0]?.found).toMatch(/made by task \S+ \(simulate\) of experiment/);
    expect(findings[0]?.repaired?.did).toMatch(
      /damaged bytes were moved to .*; an experiment that needs the work/,
    );
    expect(existsSync(join(folder.directory, 'damaged'))).toBe(true);
    // A second time there is nothing more to do.
    const [again] = (await repairStore(folder.directory, LATER)).findings;
    expect(again?.repaired).toEqual({ did: 'Nothing was left to do here', isMended: false });

    const host = openNodeHost(folder.directory, undefined);
    const { clients } = await createHarness(async () => host.dependencies);
    await clients.client.createExperiment({ body: { ...EXPERIMENT, name: 'again' } });
    expect(await new TestRunner({ client: clients.runner }).drain()).toContain('simulate');
    host.close();
    expect((await checkStore(folder.directory, LATER)).findings).toEqual([]);
  });

  it('ends with 1 where something is wrong, in words and as JSON, and with 0 where nothing is', async () => {
    const { directory } = copy();
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});
    const run = async (...words: readonly string[]) => {
      log.mockClear();
      process.exitCode = undefined;
      await parseCommand(command, ['check', '--data', directory, ...words]);
      return { code: process.exitCode, text: stripVTControlCharacters(log.mock.calls.flat().join('\n')) };
    };
    try {
      const whole = await run();
      expect(whole.code).toBeUndefined();
      expect(whole.text).toMatch(/: \d+ artifacts \(.* bytes|kB\).*\nNothing is wrong\.$/);
      rmSync(fileOf({ ...original, directory }, named(KEPT)));
      const broken = await run();
      expect(broken.code).toBe(1);
      expect(broken.text).toMatch(
        /artifact-damaged {2}Artifact .* has no bytes\.\n {2}Put .*\n\n1 thing is wrong\.$/,
      );
      const json = await run('--json');
      expect(json.code).toBe(1);
      expect(JSON.parse(json.text)).toMatchObject({ works: false, findings: [{ code: 'artifact-damaged' }] });
    } finally {
      process.exitCode = undefined;
      vi.restoreAllMocks();
    }
  });

  it('tells why a repair has to wait while an edge serves, and refuses a folder without a store', async () => {
    const folder = await fillFolder();
    await expect(repairStore(folder.directory, LATER)).rejects.toMatchObject({
      code: 'store-served',
      message: expect.stringContaining('Stop the edge') as unknown,
    });
    folder.close();
    execute(folder, `INSERT INTO d1_migrations (name) VALUES ('29991231235959_future.sql')`);
    await expect(checkStore(folder.directory, LATER)).rejects.toThrow(/newer version.*29991231235959_future/);
    const empty = createFolder();
    for (const look of [checkStore, repairStore]) {
      await expect(look(empty, LATER)).rejects.toMatchObject({ code: 'no-store' });
    }
    expect(readdirSync(empty)).toEqual([]);
  });
});
