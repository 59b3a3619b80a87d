/** rlcd paper at its tiny scale: five systems over HTTP to a report, and the same command again from what is kept. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { reportDocument } from '../../shared/report/document.ts';

const data = mkdtempSync(join(tmpdir(), 'rlcd-paper-'));
afterAll(() => rmSync(data, { recursive: true, force: true }));

const paper = async (...options: string[]) =>
  await promisify(execFile)(
    process.execPath,
    ['scripts/rlcd.ts', 'paper', '--task', 'kind-stories', '--scale', 'tiny', ...options],
    { maxBuffer: 64 * 1024 * 1024 },
  );

describe('rlcd paper', () => {
  it('compares five systems, writes the report, and finds all of it again', async () => {
    const { stdout } = await paper('--seeds', '2', '--data', data, '--json');
    const document = reportDocument.parse(JSON.parse(stdout));
    const systems = document.systems.map(({ system }) => system);
    expect(systems).toEqual(['rlcd', 'rlaif', 'rlcd-rescore', 'context-distillation', 'base']);
    expect(document.seeds).toEqual([1, 2]);
    expect(document.judges[0]?.matchUps).toHaveLength(10);
    expect(document.judges[0]?.matchUps[0]).toMatchObject({ n: 32 });
    expect(document.labels.map(({ method }) => method)).toEqual(['rlcd', 'rlaif', 'rlcd-rescore']);
    expect(document.grids.map(({ cells }) => cells.length)).toEqual([4, 4, 4]);
    expect(document.agreement[0]?.methods.map(({ method }) => method)).toEqual([
      'rlcd',
      'rlaif',
      'rlcd-rescore',
    ]);
    const [frontier] = document.frontiers;
    expect(frontier?.curves.map(({ method, points }) => [method, points.length])).toEqual(
      [1, 2].flatMap(() => systems.slice(0, 4).map((method) => [method, 3])),
    );
    expect(frontier?.matched?.prompts).toBe(16);
    expect(document.claims).toHaveLength(6);
    expect(document.alarms).toHaveLength(12);
    expect(document.cost.sharedTasks).toBeGreaterThanOrEqual(2 * 5);
    // Nothing of this machine stands in it.
    expect(stdout).not.toContain(data);

    const files = ['report.json', 'report.md', 'report.html'].map((name) => join(data, 'report', name));
    const first = files.map((file) => readFileSync(file, 'utf8'));
    const again = await paper('--seeds', '2', '--data', data);
    expect(again.stdout).toContain("RLCD's labels are right more often than RLAIF's");
    expect(files.map((file) => readFileSync(file, 'utf8'))).toEqual(first);
  });

  it("has people's judge trained first, which gives the first verdict and decides which labels are right", async () => {
    const folder = join(data, 'people');
    const file = join(data, 'pairs.jsonl');
    const rows = Array.from({ length: 120 }, (_, index) => ({
      prompt: `Once there were ${index} small cats.`,
      chosen: ' They were happy and kind.',
      rejected: ' They were sad and mean.',
    }));
    writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const chosen = ['--methods', 'rlcd,dpo,base', '--judge', file, '--seeds', '1', '--data', folder];
    const { stdout, stderr } = await paper(...chosen, '--json');
    const document = reportDocument.parse(JSON.parse(stdout));
    expect(stderr).toMatch(/train-preference-model[^]*All experiments have ended/);
    expect(document.systems.map(({ system }) => system)).toEqual(['rlcd', 'dpo', 'base']);
    expect(document.judges.map(({ judge }) => judge.replace(/[0-9a-f]{12}$/, 'HASH'))).toEqual([
      'preference-model-HASH',
      'sentiment',
    ]);
    expect(document.labels).toMatchObject([{ method: 'rlcd', sameAs: ['dpo'], gold: "people's judge" }]);
    expect(document.setting.judgePairs).toMatchObject({ trained: 20 });
    // On pairs of theirs that it was not trained on.
    expect(document.judges.map(({ exam }) => exam?.n)).toEqual([8, 8]);
    const { stdout: planned } = await paper(...chosen, '--plan');
    expect(planned).toMatch(/train-judge +1 [^]*\njudge +2 +0\.00 +0\.00/);
  });

  it('examines its judges where people judged pairs of the test split, and corrects the rates against the base', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rlcd-paper-exam-'));
    const rows = (split: string, count: number) =>
      Array.from({ length: count }, (_, row) => ({
        prompt: `One day a bear number ${row} sat by the ${split}.`,
        split,
        ...(split === 'test' && {
          chosen: `It shared ${row} fish with all the birds and was happy.`,
          rejected: `It hid ${row} fish and was sad.`,
        }),
      }));
    const lines = [...rows('train', 24), ...rows('dev', 8), ...rows('test', 16)];
    const prompts = join(folder, 'prompts.jsonl');
    writeFileSync(prompts, lines.map((row) => `${JSON.stringify(row)}\n`).join(''));
    try {
      const { stdout } = await paper(
        '--methods',
        'dpo,base',
        '--seeds',
        '1',
        '--prompts',
        prompts,
        '--data',
        join(folder, 'data'),
        '--json',
      );
      const [judge] = reportDocument.parse(JSON.parse(stdout)).judges;
      expect(judge?.exam).toMatchObject({ n: 16, agreed: 16, lengthOnlyAccuracy: { value: 1 } });
      const against = (judge?.matchUps ?? []).filter(({ second }) => second === 'base');
      expect(against).toHaveLength(1);
      for (const { corrected } of against) expect(corrected?.rate.interval.confidence).toBe(0.95);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
