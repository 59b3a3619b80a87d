/** Pairs of people for a judge: which rows teach it, which are left out and counted, and what is refused by name. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  dividePairs,
  judgeKey,
  judgeUpload,
  readJudgePairs,
} from '../../../scripts/experiment/judge-pairs.ts';
import { rowsOfBytes } from '../../../scripts/read-prompt-file.ts';
import { UsageError } from '../../../shared/command-line/usage-error.ts';

const folder = mkdtempSync(join(tmpdir(), 'rlcd-judge-pairs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const hh = (question: string, answer: string) => `\n\nHuman: ${question}\n\nAssistant: ${answer}`;
const pairOf = (question: string) => ({ chosen: hh(question, 'Yes.'), rejected: hh(question, 'No.') });

function file(name: string, rows: readonly object[]): string {
  const path = join(folder, name);
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return path;
}

async function read(rows: readonly object[], own: readonly object[]) {
  const bytes = new TextEncoder().encode(own.map((row) => JSON.stringify(row)).join('\n'));
  const prompts = await rowsOfBytes('own', bytes, { format: 'json' });
  const model = { source: 'bundled' };
  return await readJudgePairs(file('pairs.jsonl', rows), {
    model,
    form: 'dialogue',
    cache: join(folder, 'cache'),
    prompts,
  });
}

const many = Array.from({ length: 120 }, (_, row) => pairOf(`Is ${row} a number?`));

// Each reading opens the bundled model.
describe('pairs for a judge', () => {
  it('are those of other prompts than the run’s; what is left out is counted', async () => {
    const long = 'a word '.repeat(300);
    const rows = [
      ...many,
      { prompt: 'Without an answer?' },
      { prompt: 'How sure?', chosen: 'a', rejected: 'b', label_probability: 0.7 },
      { prompt: 'Long?', chosen: long, rejected: 'b' },
      { messages: [{ role: 'user', content: 'Messages?' }], chosen: 'a', rejected: 'b' },
    ];
    // The same question as a prompt, as messages and as a dialogue, in any split.
    const own = [
      { prompt: 'Is 0 a number?', split: 'train' },
      { messages: [{ role: 'user', content: ' Is 1 a number?' }], split: 'dev' },
      { prompt: hh('Is 2 a number?', '').trimEnd(), split: 'test' },
      { prompt: 'Is 3 a word?', split: 'train' },
    ];
    const pairs = await read(rows, own);
    expect(pairs.leftOut).toBe(
      '1 without a pair, 1 with an uncertain label, 3 of prompts of this run, 1 of more than 256 tokens, or that the ' +
        'model cannot say',
    );
    expect(pairs.pairs).toHaveLength(118);
    expect(pairs.tokens).toHaveLength(118);
    expect(Math.max(...pairs.tokens)).toBeLessThan(150);
    const [first] = pairs.pairs;
    expect(first).toEqual({
      prompt: { text: hh('Is 3 a number?', '').trim(), turns: null },
      chosen: 'Yes.',
      rejected: 'No.',
    });

    const upload = judgeUpload(pairs, { trained: 30 });
    const { rows: uploaded } = await rowsOfBytes('upload', upload.bytes, upload.options);
    expect(uploaded).toHaveLength(30);
    expect(uploaded[0]).toMatchObject({
      prompt: first?.prompt,
      pair: { chosen: 'Yes.', rejected: 'No.' },
    });
    expect(new Set(uploaded.map(({ split }) => split))).toEqual(new Set(['train']));
    expect(judgeUpload(pairs, { trained: 30 }).name).toBe(upload.name);
    expect(judgeUpload(pairs, { trained: 31 }).name).not.toBe(upload.name);
    const key = judgeKey(pairs, { name: 'm' }, 'dialogue');
    expect(judgeKey({ pairs: pairs.pairs.slice(1) }, { name: 'm' }, 'dialogue')).not.toBe(key);
    expect(judgeKey(pairs, { name: 'm' }, 'chat')).not.toBe(key);
  });

  it('are divided by prompts between the judge and the exam, however many pairs a prompt has', () => {
    for (const each of [1, 2, 3, 5, 10]) {
      const pairs = Array.from({ length: 600 }, (_, row) => ({
        prompt: { text: `Prompt ${Math.floor(row / each)}`, turns: null },
        chosen: `good ${row}`,
        rejected: 'bad',
      }));
      const { train, test } = dividePairs({ pairs }, { trained: 400, examined: 100 });
      // Prompts are whole.
      expect([train.length, test.length]).toEqual([400, 100 - (100 % each)]);
      const taught = new Set(train.map(({ prompt }) => prompt.text));
      expect(test.some(({ prompt }) => taught.has(prompt.text))).toBe(false);
      // A file of fewer gives of both in proportion.
      const few = dividePairs({ pairs: pairs.slice(0, 250) }, { trained: 400, examined: 100 });
      expect(few.train).toHaveLength(200);
      expect(Math.abs(few.test.length - 50)).toBeLessThan(each + 1);
    }
  });

  it('that are none, or too few, are refused with the cure', async () => {
    const none = read([{ prompt: 'a' }, { prompt: 'b' }], [{ prompt: 'x' }]);
    await expect(none).rejects.toThrow(UsageError);
    await expect(none).rejects.toThrow(/--judge .* holds no pair that people judged \(2 rows.*"chosen"/);
    const few = read(many.slice(0, 110), [{ prompt: 'x' }, ...many.slice(0, 40)]);
    await expect(few).rejects.toThrow(/leaves 70 pairs.*needs 100 \(left out: 40 of prompts of this run\)/);
  });
});
