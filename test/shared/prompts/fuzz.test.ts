/** Seeded properties: damaged files end in a UserError that names the line; what is written reads back as it was. */
import { spawnSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatMessages } from '../../../scripts/commands/data/convert.ts';
import { formatCsv, unguarded } from '../../../shared/prompts/csv.ts';
import { DataFileError } from '../../../shared/prompts/errors.ts';
import { fileRows } from '../../../shared/prompts/file-rows.ts';
import { piecesOf, promptsOf, readAll } from './read-all.ts';

/** Every failure prints it; set it to see another course. */
const seed = Number(process.env['FUZZ_SEED'] ?? 17);
const runs = (numRuns: number) => ({ seed, numRuns });

const PARTS = [
  '"',
  '""',
  ',',
  '\n',
  '\r\n',
  '\r',
  '\t',
  ';',
  ' ',
  'a',
  'é',
  '🦊',
  '\\',
  '\\"',
  '{',
  '}',
  '[',
  ']',
  ':',
];
const WORDS = [
  'Human:',
  'Assistant:',
  '\n\nHuman: ',
  '\n\nAssistant: ',
  '<|endoftext|>',
  '\ufeff',
  '\0',
  '\ud800',
];
const unruly = fc
  .array(fc.constantFrom(...PARTS, ...WORDS.slice(0, -2)), { maxLength: 12 })
  .map((parts) => parts.join(''));
const pieceBytes = fc.integer({ min: 1, max: 40 });

describe('whatever the file', () => {
  const column = fc.constantFrom(
    'prompt',
    'messages',
    'conversations',
    'instruction',
    'input',
    'chosen',
    'rejected',
    'x',
  );
  const wild = fc.oneof(
    fc.jsonValue(),
    unruly,
    fc.array(fc.record({ role: fc.constantFrom('user', 'assistant', 'tool', 'x'), content: fc.jsonValue() })),
  );
  const rows = fc.array(fc.dictionary(column, wild), { maxLength: 4 });
  const files = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc
      .array(fc.constantFrom(...PARTS, ...WORDS), { maxLength: 40 })
      .map((parts) => Buffer.from(parts.join(''))),
    rows.map((all) => Buffer.from(JSON.stringify(all))),
    rows.map((all) => Buffer.from(all.map((row) => JSON.stringify(row)).join('\n'))),
    rows.map((all) => gzipSync(JSON.stringify(all))),
  );
  const damaged = fc
    .tuple(files, fc.nat(), fc.nat(255), fc.boolean())
    .map(([file, place, byte, cut]): Uint8Array => {
      const at = file.length === 0 ? 0 : place % file.length;
      if (cut) return file.subarray(0, at);
      return Uint8Array.from(file, (value, index) => (index === at ? byte : value));
    });

  it('reads it, or names the line', async () => {
    const counts = { read: 0, leftOut: 0, refused: 0, ended: 0 };
    const format = fc.constantFrom('json', 'csv', 'text', undefined);
    await fc.assert(
      fc.asyncProperty(fc.oneof(files, damaged), format, pieceBytes, async (file, told, size) => {
        const lines: number[] = [];
        try {
          for (const read of await readAll(file, { format: told }, size)) {
            lines.push(read.line);
            if ('row' in read) counts.read++;
            else if ('leftOut' in read) counts.leftOut++;
            else counts.refused++;
          }
        } catch (error) {
          if (!(error instanceof DataFileError)) throw error;
          lines.push(error.line);
          counts.ended++;
        }
        expect(lines.every((line) => line > 0)).toBe(true);
      }),
      runs(5000),
    );
    console.log(`seed ${seed}:`, counts);
    for (const count of Object.values(counts)) expect(count).toBeGreaterThan(100);
  });
});

describe('what is written', () => {
  const table = fc.array(fc.tuple(unruly, unruly, unruly), { minLength: 1, maxLength: 6 });
  const names = ['b', 'a', 'c'];
  const cells = async (csv: string, size: number) =>
    (await Array.fromAsync(fileRows(piecesOf(csv, size), 'csv'))).map(({ columns }) =>
      names.map((name) => columns?.[name]),
    );

  /** Without the apostrophes that keep a spreadsheet from running a cell. */
  const asWritten = (rows: readonly (readonly unknown[])[]) =>
    rows.map((row) => row.map((cell) => (typeof cell === 'string' ? unguarded(cell) : cell)));

  it('as CSV reads back, cell by cell', async () => {
    await fc.assert(
      fc.asyncProperty(table, pieceBytes, async (rows, size) => {
        expect(asWritten(await cells(formatCsv(names, rows), size))).toEqual(rows);
      }),
      runs(500),
    );
  });

  const turn = fc.record({ role: fc.constantFrom('user', 'assistant'), content: unruly });
  const conversation = fc
    .tuple(fc.array(turn, { maxLength: 3 }), unruly)
    .map(([before, last]) => before.concat({ role: 'user', content: `a${last}` }));

  it('as messages reads back, turn by turn, in lines or an array', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(conversation, { minLength: 1, maxLength: 4 }),
        pieceBytes,
        async (all, size) => {
          const lines = all.map((messages) => `${JSON.stringify({ messages })}\n`).join('');
          const written = formatMessages(await promptsOf(lines));
          expect(written).toBe(lines);
          const array = JSON.stringify(all.map((messages) => ({ messages })));
          const read = await readAll(array, {}, size);
          expect(formatMessages(read.flatMap((one) => ('row' in one ? [one.row] : [])))).toBe(lines);
        },
      ),
      runs(500),
    );
  });

  const python = spawnSync('python3', ['-c', 'import csv, json']).status === 0;
  if (!python) console.log('python3 is not there: its csv module judges nothing');

  /** What Python's modules read of many texts. */
  function asPython(program: string, texts: readonly string[]): unknown {
    const { stdout, status, stderr } = spawnSync('python3', ['-c', program], {
      input: JSON.stringify(texts),
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    });
    if (status !== 0) throw new Error(stderr);
    return JSON.parse(stdout);
  }

  it.skipIf(!python)("is read as Python's csv reads it, whatever the line ends", async () => {
    const line = fc.constantFrom('\n', '\r\n', '\r');
    const cell = fc.oneof(
      unruly.map((text) => `"${text.replaceAll('"', '""')}"`),
      fc.constantFrom('', 'a', ' b ', 'c"d', "e'f", '"g"h'),
    );
    const row = fc.tuple(cell, cell, cell, line).map(([a, b, c, end]) => `${a},${b},${c}${end}`);
    const csvs = fc
      .sample(fc.array(row, { maxLength: 6 }), runs(400))
      .map((rows) => `b,a,c\n${rows.join('')}`);
    const program =
      'import csv,io,json,sys\n' +
      'print(json.dumps([[[r["b"],r["a"],r["c"]] for r in csv.DictReader(io.StringIO(t,newline=""))] for t in json.load(sys.stdin)]))';
    const expected = asPython(program, csvs);
    const read = [];
    for (const csv of csvs) read.push(await cells(csv, 7));
    expect(read).toEqual(expected);
  });

  it.skipIf(!python)("is read by Python's csv and json as it was written", () => {
    const tables = fc.sample(table, runs(200));
    const program =
      'import csv,io,json,sys\n' +
      'print(json.dumps([list(csv.reader(io.StringIO(t,newline="")))[1:] for t in json.load(sys.stdin)]))';
    const read = asPython(
      program,
      tables.map((rows) => formatCsv(names, rows)),
    ) as string[][][];
    expect(read.map(asWritten)).toEqual(tables);
  });
});
