/** Labelled texts out of a file: which are positive, which are left out, and what is refused in which words. */
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  LEAST_TEXTS,
  leftOutInWords,
  readLabelledTexts,
} from '../../../../scripts/commands/classifier/labelled-texts.ts';
import type { FileFormat } from '../../../../shared/prompts/file-rows.ts';

const COLUMNS = { text: 'prompt', positive: ['S', 'H'] };

/** As many of each label as are needed. */
const ENOUGH = Array.from({ length: 2 * LEAST_TEXTS }, (_, row) => ({
  prompt: `text ${row}`,
  S: row % 2,
  H: 0,
}));

const lines = (rows: readonly unknown[]) =>
  Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
const read = async (bytes: Uint8Array, format: FileFormat | undefined = 'json', columns = COLUMNS) =>
  await readLabelledTexts('--texts t.jsonl', bytes, format, columns);

describe('readLabelledTexts', () => {
  it('takes a text as positive where any column is 1, and a missing one says nothing', async () => {
    const { texts } = await read(
      lines([
        ...ENOUGH,
        { prompt: 'a', H: 1 },
        { prompt: 'b', S: 0 },
        { prompt: 'c', S: null, H: true },
        { prompt: 'd', S: false, H: '0' },
        { prompt: 'e', S: 0, H: 1 },
      ]),
    );
    expect(texts.slice(ENOUGH.length)).toEqual([
      { text: 'a', positive: true },
      { text: 'b', positive: false },
      { text: 'c', positive: true },
      { text: 'd', positive: false },
      { text: 'e', positive: true },
    ]);
  });

  it('leaves out and counts rows without a label or text, repeated ones, and both of one that is labelled both ways', async () => {
    const { texts, leftOut } = await read(
      lines([
        ...ENOUGH,
        { prompt: 'x' },
        { prompt: ' ', S: 1 },
        { prompt: ' TEXT  0\n', S: 0 },
        { prompt: 'twice', S: 0 },
        { prompt: 'Twice', S: 1 },
        { prompt: 'twice', S: 1 },
        { prompt: 'y'.repeat(60_000), S: 1 },
      ]),
    );
    expect(texts).toHaveLength(ENOUGH.length);
    expect(leftOut).toEqual({
      'without a label': 1,
      empty: 1,
      repeated: 1,
      'labelled both ways': 3,
      'too-long': 1,
    });
    expect(leftOutInWords({ empty: 1, repeated: 2 })).toBe('1 empty, 2 repeated');
  });

  it('reads gzip and CSV as prompts are read', async () => {
    expect((await read(gzipSync(lines(ENOUGH)))).texts).toHaveLength(ENOUGH.length);
    const csv = ['prompt,S,H', ...ENOUGH.map(({ prompt, S, H }) => `${prompt},${S},${H}`)].join('\n');
    expect((await read(Buffer.from(csv), 'csv')).texts).toEqual((await read(lines(ENOUGH))).texts);
  });

  it.each<[string, readonly unknown[], RegExp]>([
    [
      'no text',
      [{ S: 1 }],
      /^--texts t\.jsonl cannot be used: line 1: has the columns "S", and no value in "prompt"$/,
    ],
    ['a text that is none', [{ prompt: 7, S: 1 }], /line 1: prompt: must be a text, not 7$/],
    ['half a character', [{ prompt: '\ud800', S: 1 }], /line 1: prompt: must be well-formed Unicode/],
    [
      'a share',
      [{ prompt: 'a', S: 0.7 }],
      /line 1: S: must be 0, 1 or nothing, not 0\.7; write what is positive as 1$/,
    ],
    ['a word', [{ prompt: 'a', H: 'yes' }], /line 1: H: must be 0, 1 or nothing, not "yes"/],
    ['no object', [...ENOUGH, [1]], /line 101: is not a JSON object: /],
    [
      'seven faults',
      Array.from({ length: 7 }, () => ({ prompt: 'a', S: 2 })),
      /line 5: [^;]*;[^;]*; and 2 lines more$/,
    ],
  ])('refuses %s', async (_, rows, fault) => {
    await expect(read(lines(rows))).rejects.toThrow(fault);
  });

  it('refuses a column that no row has, and too few texts of a label', async () => {
    await expect(read(lines(ENOUGH), 'json', { text: 'prompt', positive: ['S', 'V'] })).rejects.toThrow(
      '--texts t.jsonl has no row with a value in "V": --positive takes the columns whose 1 makes a text positive, ' +
        'spelt as in the file',
    );
    await expect(read(lines([...ENOUGH.slice(1), { prompt: 'text 1', S: 1 }]))).rejects.toThrow(
      '--texts t.jsonl has 50 texts that are positive and 49 that are not, and 50 of each are the least (left out: ' +
        '1 repeated): give more texts, or other columns in --positive',
    );
    await expect(read(gzipSync(lines(ENOUGH)).subarray(0, 200))).rejects.toThrow(
      /gzip data is damaged or cut off/,
    );
  });
});
