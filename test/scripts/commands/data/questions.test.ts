/** Short questions out of dialogues, as a user makes them and the reader of prompts reads them back. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { questionsOf } from '../../../../scripts/commands/data/questions.ts';
import { REPOSITORY } from '../../../../scripts/processes/child.ts';
import { promptsOf } from '../../../shared/prompts/read-all.ts';

const folder = mkdtempSync(join(tmpdir(), 'rlcd-questions-'));
afterAll(() => rmSync(folder, { recursive: true }));

const pair = (prompt: string) => ({
  chosen: `\n\nHuman: ${prompt}\n\nAssistant: yes`,
  rejected: `\n\nHuman: ${prompt}\n\nAssistant: no`,
});
const lines = (rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
const FILE = lines([
  pair('Why is the sky blue?'),
  { messages: [{ role: 'user', content: 'Why is the sky blue? ' }], split: 'dev' },
  pair(`Why ${'so '.repeat(20)}long?`),
  pair('First?\n\nAssistant: Yes.\n\nHuman: And then?'),
  { prompt: 'Who wrote this?', split: 'test', source: 'a book' },
  { messages: [{ role: 'system', content: 'Be brief.' }] },
  pair('What do people compare?'),
  { prompt: 'Is "Human: a label?"' },
]);

it('takes each question once, without answers, and counts what it leaves by its reason', async () => {
  const other = await promptsOf(lines([pair('What do people compare?')]));
  const { rows, leftOut } = questionsOf(await promptsOf(FILE), {
    longest: 40,
    append: 'Answer in a word.',
    without: other,
  });
  expect(rows).toEqual(
    [
      ['Why is the sky blue?', undefined],
      ['Who wrote this?', 'test'],
      ['Is "Human: a label?"', undefined],
    ].map(([question, split]) => ({
      prompt: { text: `${question} Answer in a word.`, turns: null },
      pair: null,
      parted: false,
      split,
      aside: {},
    })),
  );
  expect(leftOut).toEqual({ repeated: 1, 'too long': 1, 'not one question': 1, 'of the other file': 1 });
});

const run = (...words: readonly string[]) =>
  execFileSync(process.execPath, ['scripts/bin/rlcd.js', 'data', 'questions', ...words], {
    cwd: REPOSITORY,
    encoding: 'utf8',
    stdio: 'pipe',
  });

it('writes a file that reads back as the same questions, and refuses one that would be empty', async () => {
  const [file, out] = [join(folder, 'all.jsonl'), join(folder, 'questions.jsonl')];
  writeFileSync(file, FILE);
  expect(run('--in', file, '--out', out)).toBe(
    '5 questions\nleft out: 1 no-user-turn (line 6), 1 repeated, 1 not one question\n',
  );
  const back = await promptsOf(readFileSync(out, 'utf8'));
  expect(back.map(({ prompt }) => prompt.text)).toEqual(
    questionsOf(await promptsOf(FILE), { longest: 240, append: '', without: [] }).rows.map(
      ({ prompt }) => prompt.text,
    ),
  );
  rmSync(out);
  expect(() => run('--in', file, '--out', out, '--longest', '3')).toThrow(
    /holds no prompt of one turn with at most 3 characters/,
  );
  expect(() => readFileSync(out)).toThrow(/ENOENT/);
  expect(() => run('--in', file, '--out', join(folder, 'nowhere', 'questions.jsonl'))).toThrow(
    /questions\.jsonl cannot be written \(ENOENT.*Name a file in a folder that is there/,
  );
});
