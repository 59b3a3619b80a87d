/** `rlcd classifier` as a person runs it: what it writes and prints, and what it refuses before any work. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { classifierReport } from '../../../../shared/classifier/classifier-report.ts';
import { madeUpTexts, writeEncoder } from '../../../gpu-runner/answers/tiny-encoder.ts';

const root = mkdtempSync(join(tmpdir(), 'rlcd-classifier-command-'));
const texts = join(root, 'texts.jsonl');
const encoder = join(root, 'encoder');
afterAll(() => rmSync(root, { recursive: true }));

beforeAll(() => {
  writeEncoder(encoder);
  const rows = madeUpTexts(160, 1).map(({ text, positive }, row) => ({
    text: `${text} ${row}`,
    bad: Number(positive),
  }));
  writeFileSync(texts, [...rows, { text: 'unlabelled' }].map((row) => `${JSON.stringify(row)}\n`).join(''));
});

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

async function run(changes: Readonly<Record<string, string>>, ...more: string[]): Promise<Ended> {
  const options = { '--encoder': encoder, '--texts': texts, '--positive': 'bad', ...changes };
  const words = ['scripts/rlcd.ts', 'classifier', ...Object.entries(options).flat(), ...more];
  return await new Promise((resolve) => {
    const child = execFile(process.execPath, words, (_, out, error) =>
      resolve({ code: child.exitCode, out, error }),
    );
  });
}

describe('rlcd classifier', () => {
  it('writes the folder whole, with its figures, and equal bytes for equal seeds', async () => {
    const [first, second] = [join(root, 'first'), join(root, 'deep', 'second')];
    // An empty folder may be there.
    mkdirSync(first);
    const told = await run({ '--out': first });
    expect(told.code, told.error).toBe(0);
    expect(told.out).toMatch(/^160 texts \(left out: 1 without a label\); 0 longer than 12 tokens/);
    expect(told.out).toMatch(
      /^accuracy \d+\.\d % \[\d+\.\d, \d+\.\d\]; the commoner label 50\.0 %, length alone /m,
    );
    expect(told.out.trim().split('\n').at(-1)).toBe(first);
    expect(told.error).toContain('160 of 160 texts read');
    const { code, out } = await run({ '--out': second }, '--json');
    expect(code).toBe(0);
    const names = readdirSync(first, { recursive: true, encoding: 'utf8' }).toSorted();
    expect(names).toEqual(
      [
        'README.md',
        'config.json',
        'measured.json',
        'onnx',
        'onnx/model.onnx',
        'tokenizer.json',
        'tokenizer_config.json',
      ].toSorted(),
    );
    for (const name of names.filter((one) => one !== 'onnx')) {
      expect(readFileSync(join(second, name))).toEqual(readFileSync(join(first, name)));
    }
    const measured: unknown = JSON.parse(readFileSync(join(first, 'measured.json'), 'utf8'));
    expect(JSON.parse(out)).toEqual(measured);
    expect(classifierReport.parse(measured).heldOut.n).toBe(32);
    expect(measured).toMatchObject({
      labels: ['safe', 'harmful'],
      seed: 1,
      texts: {
        file: 'texts.jsonl',
        text: 'text',
        positive: ['bad'],
        used: 160,
        leftOut: { 'without a label': 1 },
      },
    });
    const card = readFileSync(join(first, 'README.md'), 'utf8');
    expect(card).toContain('{"kind":"classifier","folder":"/path/of/this/folder","label":"safe"}');
    expect(card).toContain('--texts texts.jsonl --text text --positive bad --labels safe,harmful --seed 1');
    expect(card).not.toContain(root);
  });

  it('leaves nothing behind where the engine refuses the encoder', async () => {
    const broken = writeEncoder(join(root, 'broken'), { config: { model_type: 'whisper' } });
    const before = readdirSync(root);
    const { code, error } = await run({ '--encoder': broken, '--out': join(root, 'none') });
    expect(error).toMatch(/model_type: is "whisper"/);
    expect(code).toBe(1);
    expect(readdirSync(root)).toEqual(before);
  });

  it.each<[string, () => Readonly<Record<string, string>>, RegExp]>([
    [
      'a folder that is there',
      () => ({ '--out': encoder }),
      /^--out \S+encoder is there already and not an empty folder: name another$/,
    ],
    ['a file as folder', () => ({ '--out': texts }), /is there already and not an empty folder/],
    [
      'no encoder',
      () => ({ '--encoder': join(root, 'no') }),
      /^--encoder \S+ is no folder: name one with config\.json, /,
    ],
    [
      'no texts',
      () => ({ '--texts': join(root, 'no.jsonl') }),
      /^--texts \S+ cannot be read: there is no such file/,
    ],
    [
      'a column that is not there',
      () => ({ '--text': 'prompt' }),
      /^--texts \S+ cannot be used: line 1: has the columns "text", "bad", and no value in "prompt"; line 2/,
    ],
    [
      'a label column that is not there',
      () => ({ '--positive': 'bad,worse' }),
      /has no row with a value in "worse"/,
    ],
    [
      'one label',
      () => ({ '--labels': 'safe' }),
      /argument 'safe' is invalid\. Give two names: of a text that is not positive, and of one that is/,
    ],
    ['equal labels', () => ({ '--labels': 'a,a' }), /Give names with commas between, each once/],
  ])('refuses %s before any work', async (_, changes, fault) => {
    const before = readdirSync(root);
    const { code, out, error } = await run({ '--out': join(root, 'never'), ...changes() });
    expect(error.trim()).toMatch(fault);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(readdirSync(root)).toEqual(before);
  });
});
