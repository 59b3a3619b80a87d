/** Files of pairs, written and read back: HH rows, Hugging Face style JSONL, the official CSV, the paper's splits. */
import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { pairOfHhRow, parseHhRows } from '../../../shared/dialogue/hh-rows.ts';
import { rowsOfPaperSplit } from '../../../shared/dialogue/paper-splits.ts';
import { formatPreferenceCsv } from '../../../shared/dialogue/preference-csv.ts';
import { formatPreferenceJsonl } from '../../../shared/dialogue/preference-jsonl.ts';
import { pairsOf } from './read-all.ts';

const parsePreferenceCsv = (text: string) => pairsOf(text, { format: 'csv' });
const parsePreferenceJsonl = (text: string) => pairsOf(text, { format: 'json' });

const unruly = fc
  .array(
    fc.constantFrom(
      '"',
      ',',
      '\n',
      '\r\n',
      "'",
      ' ',
      'a',
      'é',
      '🦊',
      '1',
      '\\',
      ';',
      '\t',
      '=',
      '+',
      '-',
      '@',
      '\r',
    ),
    {
      maxLength: 8,
    },
  )
  .map((parts) => parts.join(''));
const pair = (probability: fc.Arbitrary<number>) =>
  fc.record({
    prompt: unruly.map((text) => `p${text}`),
    chosen: unruly,
    rejected: unruly,
    labelProbability: probability,
  });

describe('official CSV', () => {
  it('reads what the official code writes', async () => {
    const csv =
      'instruction,input,output_1,output_2,preference,win2_prob\r\n' +
      '"Human: a, b\n\nAssistant:",,"He said ""no""",yes,2,0.75\r\n' +
      'Human: c,,x,y,1,0.25\r\n';
    expect(await parsePreferenceCsv(csv)).toEqual([
      {
        prompt: 'Human: a, b\n\nAssistant:',
        chosen: 'yes',
        rejected: 'He said "no"',
        labelProbability: 0.75,
      },
      { prompt: 'Human: c', chosen: 'x', rejected: 'y', labelProbability: 0.75 },
    ]);
  });

  it('starts no cell with what a spreadsheet would run, and reads it back as it was', async () => {
    const texts = ['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\rx', "'=1", "''=1", "'quoted'", 'a=1'];
    const pairs = texts.map((text) => ({
      prompt: text,
      chosen: text,
      rejected: 'plain',
      labelProbability: 1,
    }));
    const csv = formatPreferenceCsv(pairs, 5);
    expect(csv).not.toMatch(/(^|[,"\n])[=+\-@\t\r](?!\n)/);
    expect(csv).toContain("'=1+1,");
    expect(csv).toContain('\na=1,');
    expect((await parsePreferenceCsv(csv)).map(({ prompt, chosen }) => [prompt, chosen])).toEqual(
      texts.map((text) => [text, text]),
    );
  });

  it('writes hard labels without win2_prob, order by seed', () => {
    const pairs = Array.from({ length: 200 }, (_, row) => ({
      prompt: `p${row}`,
      chosen: 'good',
      rejected: 'bad',
      labelProbability: 1,
    }));
    const csv = formatPreferenceCsv(pairs, 5);
    const lines = csv.split('\r\n');
    expect(lines[0]).toBe('instruction,input,output_1,output_2,preference');
    const first = lines.filter((line) => line.endsWith(',good,bad,1')).length;
    expect(first + lines.filter((line) => line.endsWith(',bad,good,2')).length).toBe(200);
    expect(first).toBeGreaterThan(70);
    expect(first).toBeLessThan(130);
    expect(formatPreferenceCsv(pairs, 5)).toBe(csv);
    expect(formatPreferenceCsv(pairs, 6)).not.toBe(csv);
  });

  it('reads back what it wrote, whatever the texts', async () => {
    const probability = fc.oneof(
      fc.constant(1),
      fc.double({ min: 0.5, max: 1, noNaN: true, minExcluded: true }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(pair(probability), { minLength: 1, maxLength: 5 }),
        fc.nat(),
        async (pairs, seed) => {
          const back = await parsePreferenceCsv(formatPreferenceCsv(pairs, seed));
          expect(back.map((row) => [row.prompt, row.chosen, row.rejected])).toEqual(
            pairs.map((row) => [row.prompt, row.chosen, row.rejected]),
          );
          for (const [row, { labelProbability }] of back.entries()) {
            expect(labelProbability).toBeCloseTo(pairs[row]?.labelProbability ?? Number.NaN, 12);
          }
        },
      ),
    );
  });

  it('turns a pair whose chosen side is the less likely into the same statement', async () => {
    const pairs = [{ prompt: 'p', chosen: 'a', rejected: 'b', labelProbability: 0.25 }];
    expect(await parsePreferenceCsv(formatPreferenceCsv(pairs, 1))).toEqual([
      { prompt: 'p', chosen: 'b', rejected: 'a', labelProbability: 0.75 },
    ]);
  });

  it.each([
    ['question,output_1\np,a\n', 'line 2: has the columns "question", "output_1"'],
    [
      'instruction,input,output_1,output_2,preference\np,,a,b,1\np,,a,b,3\n',
      'line 3: preference: must be 1 or 2',
    ],
    ['instruction,input,output_1,output_2,preference\np,,a,b\n', 'line 2: has 4 cells, the header names 5'],
    [
      'instruction,input,output_1,output_2,preference\np,,"a,b,1\n',
      'line 2: opens a quote that nothing closes',
    ],
    [
      'instruction,input,output_1,output_2,preference,win2_prob\np,,a,b,1,1.5\n',
      'win2_prob: must be a number in 0..1',
    ],
    [
      'instruction,input,output_1,output_2,preference,win2_prob\np,,a,b,1,\n',
      'win2_prob: must be a number in 0..1, got ""',
    ],
  ])('refuses %j', async (csv, message) => {
    await expect(parsePreferenceCsv(csv)).rejects.toThrow(message);
  });
});

describe('preference JSONL', () => {
  it('reads back what it wrote, whatever the texts', async () => {
    const probability = fc.double({ min: 0, max: 1, noNaN: true }).map((value) => value + 0);
    await fc.assert(
      fc.asyncProperty(fc.array(pair(probability), { maxLength: 5 }), async (pairs) => {
        expect(await parsePreferenceJsonl(formatPreferenceJsonl(pairs))).toEqual(pairs);
      }),
    );
  });

  it('a row without label_probability is hard; blank lines and further columns do not matter', async () => {
    expect(
      await parsePreferenceJsonl('\n{"prompt":"p","chosen":"a","rejected":"b","source":"hub"}\n\n'),
    ).toEqual([{ prompt: 'p', chosen: 'a', rejected: 'b', labelProbability: 1 }]);
  });

  it.each([
    ['{"prompt":"p","chosen":"a"}', 'line 1: rejected: is missing'],
    ['{"prompt":"p","chosen":"a","rejected":3}', 'line 1: rejected[0] is not a turn'],
    ['\n[1]', 'line 2: is not a JSON object'],
    ['null', 'line 1: is not a JSON object'],
    ['{"prompt":', 'line 1: is not JSON'],
    ['{"prompt":"p","chosen":"a","rejected":"b","label_probability":2}', 'must be a number in 0..1, got 2'],
    [
      '{"prompt":"p","chosen":"a","rejected":"b","label_probability":"x"}',
      'must be a number in 0..1, got "x"',
    ],
  ])('refuses %j', async (text, message) => {
    await expect(parsePreferenceJsonl(text)).rejects.toThrow(message);
  });
});

describe('HH rows', () => {
  const row = { chosen: '\n\nHuman: q\n\nAssistant: good ', rejected: '\n\nHuman: q\n\nAssistant: bad' };

  it('reads rows and makes pairs', () => {
    expect(parseHhRows(`${JSON.stringify(row)}\n`)).toEqual([row]);
    expect(pairOfHhRow(row)).toEqual({
      prompt: 'Human: q\n\nAssistant:',
      chosen: 'good',
      rejected: 'bad',
      labelProbability: 1,
    });
  });

  it('a row whose dialogues part earlier has no pair', () => {
    expect(pairOfHhRow({ ...row, rejected: '\n\nHuman: other\n\nAssistant: bad' })).toBeNull();
  });

  it('refuses a row without rejected', () => {
    expect(() => parseHhRows('{"chosen":"a"}')).toThrow('line 1: field "rejected"');
  });
});

describe('rowsOfPaperSplit', () => {
  it('takes the rows of the paper', () => {
    const rows = Array.from({ length: 2312 }, (_, row) => row);
    expect(rowsOfPaperSplit('dev', rows).at(-1)).toBe(999);
    expect(rowsOfPaperSplit('test', rows)[0]).toBe(1000);
    expect(rowsOfPaperSplit('test', rows)).toHaveLength(1000);
    expect(rowsOfPaperSplit('agreement', rows)).toHaveLength(2000);
  });
  it('refuses a file that is too short', () => {
    expect(() => rowsOfPaperSplit('test', [1, 2])).toThrow(
      'needs rows 1000 to 1999 of the HH test file, got a file of 2 rows',
    );
  });
});
