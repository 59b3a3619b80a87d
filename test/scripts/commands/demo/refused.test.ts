/** What cannot be run is told in one line, and nothing of it is left behind. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { createFolder } from '../../../edge/node-store.ts';

const RLCD = fileURLToPath(new URL('../../../../scripts/rlcd.ts', import.meta.url));
const here = createFolder();

async function refused(...words: string[]) {
  return await new Promise<string>((resolve) => {
    execFile(process.execPath, [RLCD, ...words], { cwd: here }, (_, __, error) => resolve(error));
  });
}

const runsHere = () => (existsSync(join(here, '.rlcd')) ? readdirSync(join(here, '.rlcd')) : []);

it.each([
  [
    'a file of prompts that is not there',
    ['align', '--model', 'x', '--prompts', 'none.jsonl'],
    /none\.jsonl/,
  ],
  [
    'too few prompts',
    ['align', '--model', 'x', '--prompts', 'one.jsonl'],
    /one prompt|1 prompt|0 test|too few/i,
  ],
  [
    'a test prompt that is trained on',
    ['align', '--model', 'x', '--prompts', 'leaking.jsonl'],
    /1 prompt of dev or test stands in train, too/,
  ],
  ['a model that is not there', ['demo', '--model', './no-model'], /no-model/],
  [
    'a budget in which nothing can be done',
    ['align', '--model', 'x', '--prompts', 'x', '--budget', '10s'],
    /--budget 10 s: .*30m/,
  ],
  [
    'a budget of the bundled model',
    ['demo', '--budget', '5m'],
    /--budget chooses sizes for a model of your own/,
  ],
])('%s', { timeout: 60_000 }, async (_, words, fault) => {
  const splits = ['train', 'train', 'dev', 'dev', 'test', 'test'];
  const leaking = splits.map((split, row) => JSON.stringify({ split, prompt: `p ${row === 5 ? 0 : row}` }));
  writeFileSync(join(here, 'leaking.jsonl'), leaking.join('\n'));
  writeFileSync(join(here, 'one.jsonl'), '{"prompt": "Hello"}\n');
  const principle = words[0] === 'align' ? ['--principle', 'helpfulness'] : [];
  const error = await refused(...words, ...principle, '--exit');
  expect(error).toMatch(fault);
  expect(error.trim().split('\n'), error).toHaveLength(1);
  expect(runsHere()).toEqual([]);
});
