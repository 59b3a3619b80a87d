/** Preference files there and back, and the paper's splits as one upload that the API takes. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { convertPairs, formatMessages, paperPromptSet } from '../../../../scripts/commands/data/convert.ts';
import { promptsOf } from '../../../shared/prompts/read-all.ts';

const dialogue = (question: string, answer: string) => `\n\nHuman: ${question}\n\nAssistant: ${answer}`;
const hhRow = (row: number) => ({
  chosen: dialogue(`question ${row}, "quoted"\nand more`, `good ${row}`),
  rejected: dialogue(`question ${row}, "quoted"\nand more`, `bad ${row}`),
});
const lines = (rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
const apart = { chosen: dialogue('a', 'x'), rejected: dialogue('b', 'x') };
const hh = lines([hhRow(0), apart, hhRow(1), hhRow(2)]);
const count = (rows: string) => rows.trimEnd().split('\n').length;

const folder = mkdtempSync(join(tmpdir(), 'rlcd-data-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('convertPairs', () => {
  it('reads HH without the row that holds no pair, and writes JSON lines', async () => {
    const { text, pairs } = convertPairs(await promptsOf(hh), { to: 'jsonl', seed: 1 });
    expect(pairs).toBe(3);
    expect(JSON.parse(text.split('\n')[0] ?? '')).toEqual({
      prompt: 'Human: question 0, "quoted"\nand more\n\nAssistant:',
      chosen: 'good 0',
      rejected: 'bad 0',
      label_probability: 1,
    });
  });

  it('comes back the same from the official CSV, whichever side stood first', async () => {
    const { text: jsonl } = convertPairs(await promptsOf(hh), { to: 'jsonl', seed: 1 });
    for (const seed of [1, 2, 3]) {
      const { text: csv } = convertPairs(await promptsOf(jsonl), { to: 'csv', seed });
      expect(csv.split('\r\n')[0]).toBe('instruction,input,output_1,output_2,preference');
      const back = await promptsOf(csv, { format: 'csv' });
      expect(convertPairs(back, { to: 'jsonl', seed }).text).toBe(jsonl);
    }
  });

  it('keeps soft labels in win2_prob', async () => {
    const soft = lines([{ prompt: 'p', chosen: 'a', rejected: 'b', label_probability: 0.75 }]);
    const { text: csv } = convertPairs(await promptsOf(soft), { to: 'csv', seed: 1 });
    expect(csv).toMatch(/win2_prob/);
    const back = await promptsOf(csv, { format: 'csv' });
    expect(convertPairs(back, { to: 'jsonl', seed: 1 }).text).toBe(soft);
  });
});

describe('formatMessages', () => {
  it('writes conversations that read back as the same prompts', async () => {
    const prompts = [
      { prompt: 'One day', split: 'train', id: 7 },
      { prompt: 'Human: a\n\nAssistant: b\n\nHuman: c\n\nAssistant:', split: 'test' },
      { messages: [{ role: 'user', content: ' Say \n\nHuman: ' }], split: 'dev' },
    ];
    const rows = await promptsOf(lines(prompts));
    const written = formatMessages(rows);
    expect(JSON.parse(written.split('\n')[1] ?? '')).toEqual({
      messages: [
        { role: 'user', content: 'a' },
        { role: 'assistant', content: 'b' },
        { role: 'user', content: 'c' },
      ],
      split: 'test',
    });
    expect(await promptsOf(written)).toEqual(rows);
  });
});

describe("the paper's splits", () => {
  const train = lines(Array.from({ length: 2003 }, (_, row) => hhRow(row)));
  const test = lines(Array.from({ length: 2100 }, (_, row) => hhRow(10_000 + row)));

  it('are rows of the two files, which the API takes one by one', async () => {
    const { upload, agreement } = paperPromptSet(train, test);
    const rows = await promptsOf(upload);
    const of = (split: string) => rows.filter((row) => row.split === split);
    expect([of('train').length, of('dev').length, of('test').length]).toEqual([3, 1000, 1000]);
    expect(of('train')[0]?.prompt.text).toContain('question 2000,');
    expect(of('dev')[0]?.prompt.text).toContain('question 10000,');
    expect(of('test')[999]?.prompt.text).toContain('question 11999,');
    expect(of('test')[0]?.pair).toMatchObject({ chosen: 'good 11000', rejected: 'bad 11000' });
    expect(count(agreement)).toBe(2000);
  });

  it('refuse files that are too short', () => {
    expect(() => paperPromptSet(lines([hhRow(1)]), test)).toThrow(/"agreement" needs rows 0 to 1999/);
    expect(() => paperPromptSet(train, lines([hhRow(1)]))).toThrow(/"dev" needs rows 0 to 999/);
  });
});

describe('rlcd data', () => {
  const main = fileURLToPath(new URL('../../../../scripts/rlcd.ts', import.meta.url));
  const run = (...options: string[]) =>
    execFileSync(process.execPath, [main, 'data', ...options], { encoding: 'utf8' });

  it('converts a compressed file, and names a wrong line', () => {
    const input = join(folder, 'hh.jsonl.gz');
    const output = join(folder, 'pairs.csv');
    writeFileSync(input, gzipSync(hh));
    expect(run('convert', '--in', input, '--from', 'hh', '--out', output, '--to', 'csv')).toBe(
      '1 rows without a pair\n3 pairs\n',
    );
    expect(readFileSync(output, 'utf8')).toMatch(/^instruction,/);
    const wrong = join(folder, 'wrong.jsonl');
    writeFileSync(wrong, '{"prompt": "p", "chosen": "a"}\n');
    const attempt = () => run('convert', '--in', wrong, '--from', 'jsonl', '--out', output, '--to', 'csv');
    expect(attempt).toThrow(/line 1: rejected: is missing/);
  });
});
