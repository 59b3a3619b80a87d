/** Uploads of prompts: rows with their splits, what is counted, what is refused by line. */
import { describe, expect, it } from 'vitest';
import { readUpload, type UploadCounts } from '../../edge/domain/prompt-sets/read-upload.ts';
import { readSplitRule } from '../../edge/domain/prompt-sets/split-rule.ts';
import type { ReadingOptions } from '../../shared/prompts/read-prompts.ts';

async function* bytesOf(text: string | Uint8Array): AsyncGenerator<Uint8Array> {
  yield typeof text === 'string' ? Buffer.from(text) : text;
}

async function upload(text: string | Uint8Array, options: ReadingOptions = { format: 'json' }) {
  const counts: UploadCounts = { leftOut: 0, unpaired: 0, unusable: {} };
  const rule = readSplitRule({ rule: 'rows', train: '0-' });
  return { rows: await Array.fromAsync(readUpload(bytesOf(text), rule, counts, options)), counts };
}

const row = (value: unknown) => upload(JSON.stringify(value));

describe('readUpload', () => {
  it('takes a prompt with the two responses that people compared, as exports write them', async () => {
    const pair = { prompt: 'p', chosen: 'a', rejected: 'b' };
    const taken = {
      position: 0,
      split: 'train',
      text: 'p',
      turns: null,
      chosen: 'a',
      rejected: 'b',
      aside: null,
    };
    expect((await row(pair)).rows).toMatchObject([taken]);
    expect((await row({ ...pair, label_probability: 1 })).rows).toMatchObject([taken]);
  });

  it('refuses a soft label and half a pair by name, and keeps other columns aside', async () => {
    const pair = { prompt: 'p', chosen: 'a', rejected: 'b' };
    await expect(row({ ...pair, label_probability: 0.7 })).rejects.toThrow(/label_probability: must be 1/);
    await expect(row({ prompt: 'p', chosen: 'a' })).rejects.toThrow(/rejected/);
    expect((await row({ ...pair, more: 1 })).rows[0]?.aside).toEqual({ more: 1 });
  });

  it("takes HH's own odd row, whose response holds a line that begins with the assistant's label", async () => {
    const odd = {
      chosen: '\n\nHuman: Are we done?\n\nAssistant: I think so.  \nAssistant: Say so if we are not.',
      rejected: '\n\nHuman: Are we done?\n\nAssistant: No.',
    };
    expect((await row(odd)).rows).toMatchObject([
      {
        text: 'Human: Are we done?\n\nAssistant:',
        chosen: 'I think so.  \nAssistant: Say so if we are not.',
        rejected: 'No.',
      },
    ]);
  });

  it('counts the rows that are of no use, which keep their place', async () => {
    const lines = [
      { prompt: ' ' },
      { prompt: 'x'.repeat(50_001) },
      { chosen: '\n\nHuman: a', rejected: '\n\nHuman: a' },
      { messages: [{ role: 'system', content: 'Be kind.' }] },
      { messages: [{ role: 'tool', content: '{}' }] },
      { prompt: 'p' },
    ].map((one) => JSON.stringify(one));
    const { rows, counts } = await upload(lines.join('\n'));
    expect(rows).toMatchObject([{ position: 5, text: 'p' }]);
    expect(counts.unusable).toEqual({
      empty: 1,
      'too-long': 1,
      'no-assistant-turn': 1,
      'no-user-turn': 1,
      'not-text': 1,
    });
    await expect(upload(lines.slice(0, 2).join('\n'))).rejects.toThrow(
      /no row is of use: 1 empty, 1 too-long/,
    );
  });

  it('leaves out a row that would be more than the store takes', async () => {
    const big = JSON.stringify({ prompt: 'p', more: '\u5b57'.repeat(390_000) });
    const { rows, counts } = await upload(`${big}\n{"prompt":"q"}`);
    expect([rows.length, counts.unusable]).toEqual([1, { 'too-long': 1 }]);
  });

  it('refuses a file that cannot be read on by the line where it ends', async () => {
    await expect(upload('[{"prompt": "a"},\n{"prompt": "b"}')).rejects.toThrow(
      /^line 2: the array does not end/,
    );
    await expect(upload('prompt\n"a', { format: 'csv' })).rejects.toThrow(/^line 2: opens a quote/);
    await expect(upload(new Uint8Array([0x1f, 0x8b, 8, 0, 1]))).rejects.toThrow(/gzip data is damaged/);
  });
});
